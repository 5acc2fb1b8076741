with Ada.Text_IO;

procedure Main is
   Workers : constant := 4;
   Sums    : array (0 .. Workers - 1) of Long_Long_Integer := (others => 0);
   Total   : Long_Long_Integer := 0;

   task type Worker (First : Natural);

   task body Worker is
      N : Natural := First;
   begin
      while N < 1_000_000 loop
         Sums (First) := Sums (First) + Long_Long_Integer (N);
         N := N + Workers;
      end loop;
   end Worker;
begin
   declare
      A : Worker (0);
      B : Worker (1);
      C : Worker (2);
      D : Worker (3);
   begin
      null;
   end;
   for Sum of Sums loop
      Total := Total + Sum;
   end loop;
   Ada.Text_IO.Put_Line ("4 workers:" & Total'Image);
end Main;
