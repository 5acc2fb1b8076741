program Echo;
var
  Line: AnsiString;
begin
  while not Eof do
  begin
    ReadLn(Line);
    WriteLn(Line);
  end;
end.
