{$mode objfpc}
program Workers;

uses
  cthreads, Classes;

const
  Count = 4;

type
  TWorker = class(TThread)
    First: Integer;
    Sum: Int64;
    procedure Execute; override;
  end;

procedure TWorker.Execute;
var
  N: Integer;
begin
  N := First;
  while N < 1000000 do
  begin
    Sum := Sum + N;
    N := N + Count;
  end;
end;

var
  All: array[0..Count - 1] of TWorker;
  I: Integer;
  Total: Int64 = 0;
begin
  for I := 0 to Count - 1 do
  begin
    All[I] := TWorker.Create(True);
    All[I].First := I;
    All[I].Start;
  end;
  for I := 0 to Count - 1 do
  begin
    All[I].WaitFor;
    Total := Total + All[I].Sum;
  end;
  WriteLn(Count, ' workers: ', Total);
end.
