with Ada.Text_IO;
with Greeting;

procedure Main is
begin
   Ada.Text_IO.Put_Line (Greeting.To ("files"));
end Main;
