package Greeting is
   function To (Name : String) return String;
end Greeting;
