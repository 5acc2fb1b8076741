with Ada.Text_IO;

procedure Main is
begin
   loop
      Ada.Text_IO.Put_Line ("again and again");
   end loop;
end Main;
