program Unicode;
begin
  WriteLn('Grüße, Жизнь, 世界 ☃ 🚀');
end.
