procedure Main is
   Number : Integer := "a string is no number";
begin
   null;
end Main;
