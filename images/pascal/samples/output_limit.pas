program Chatty;
begin
  while True do
    WriteLn('again and again');
end.
