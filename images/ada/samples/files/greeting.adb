package body Greeting is
   function To (Name : String) return String is
   begin
      return "Hello, " & Name & "!";
   end To;
end Greeting;
