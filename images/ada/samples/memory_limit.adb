procedure Main is
   type Block is array (1 .. 100_000) of Integer;
   type Access_Block is access Block;
   Last : Access_Block;
begin
   loop
      Last := new Block'(others => 1);
   end loop;
end Main;
