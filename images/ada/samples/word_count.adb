with Ada.Containers.Indefinite_Ordered_Maps;
with Ada.Containers.Indefinite_Vectors;
with Ada.Text_IO; use Ada.Text_IO;

procedure Main is
   package Maps is new Ada.Containers.Indefinite_Ordered_Maps (String, Natural);
   package Vectors is new Ada.Containers.Indefinite_Vectors (Positive, String);
   package Numbers is new Ada.Text_IO.Float_IO (Float);

   Counts  : Maps.Map;
   Words   : Vectors.Vector;
   Letters : Natural := 0;
   Mean    : String (1 .. 4);

   function Before (A, B : String) return Boolean is
     (if Counts (A) = Counts (B) then A < B else Counts (A) > Counts (B));

   package Sorting is new Vectors.Generic_Sorting (Before);

   procedure Count (Word : String) is
   begin
      if Word = "" then
         return;
      elsif Counts.Contains (Word) then
         Counts (Word) := Counts (Word) + 1;
      else
         Counts.Insert (Word, 1);
         Words.Append (Word);
         Letters := Letters + Word'Length;
      end if;
   end Count;

   procedure Split (Line : String) is
      First : Positive := Line'First;
   begin
      for I in Line'Range loop
         if Line (I) = ' ' then
            Count (Line (First .. I - 1));
            First := I + 1;
         end if;
      end loop;
      Count (Line (First .. Line'Last));
   end Split;
begin
   while not End_Of_File loop
      Split (Get_Line);
   end loop;
   Sorting.Sort (Words);
   for Word of Words loop
      Put_Line (Word & Natural'Image (Counts.Element (Word)));
   end loop;
   Numbers.Put (Mean, Float (Letters) / Float (Words.Length), Aft => 2, Exp => 0);
   declare
      Size : constant String := Natural'Image (Natural (Words.Length));
   begin
      Put_Line (Size (2 .. Size'Last) & " words, mean length " & Mean);
   end;
end Main;
