program BigOutput;
var
  Number: Integer;
begin
  for Number := 1 to 15000 do
    WriteLn(Number);
end.
