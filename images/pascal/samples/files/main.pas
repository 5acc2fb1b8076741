program Files;

uses
  Greeting;

begin
  WriteLn(GreetingTo('files'));
end.
