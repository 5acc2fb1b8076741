with Ada.Text_IO;

procedure Main is
begin
   for Number in 1 .. 15_000 loop
      Ada.Text_IO.Put_Line (Number'Image (2 .. Number'Image'Last));
   end loop;
end Main;
