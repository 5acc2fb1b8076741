program Greedy;
var
  Block: Pointer;
begin
  while True do
  begin
    GetMem(Block, 1 shl 20);
    FillChar(Block^, 1 shl 20, 1);
  end;
end.
