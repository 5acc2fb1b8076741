with Ada.Text_IO;

procedure Main is
begin
   Ada.Text_IO.Put_Line ("Grüße, Жизнь, 世界 ☃ 🚀");
end Main;
