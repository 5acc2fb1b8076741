{$mode objfpc}{$H+}
program WordCount;

uses
  Classes, SysUtils;

var
  Words: TStringList;

function Compare(List: TStringList; A, B: Integer): Integer;
begin
  Result := PtrInt(List.Objects[B]) - PtrInt(List.Objects[A]);
  if Result = 0 then
    Result := CompareStr(List[A], List[B]);
end;

procedure Count(const AWord: string);
var
  Index: Integer;
begin
  Index := Words.IndexOf(AWord);
  if Index < 0 then
    Index := Words.Add(AWord);
  Words.Objects[Index] := TObject(PtrInt(Words.Objects[Index]) + 1);
end;

var
  Line, Part: string;
  Letters, I: Integer;
begin
  Words := TStringList.Create;
  while not Eof do
  begin
    ReadLn(Line);
    for Part in Line.Split([' ']) do
      if Part <> '' then
        Count(Part);
  end;
  Words.CustomSort(@Compare);
  Letters := 0;
  for I := 0 to Words.Count - 1 do
  begin
    WriteLn(Words[I], ' ', PtrInt(Words.Objects[I]));
    Letters := Letters + Length(Words[I]);
  end;
  WriteLn(Words.Count, ' words, mean length ', (Letters / Words.Count):0:2);
  Words.Free;
end.
