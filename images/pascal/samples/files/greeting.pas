unit Greeting;

interface

function GreetingTo(const Name: string): string;

implementation

function GreetingTo(const Name: string): string;
begin
  GreetingTo := 'Hello, ' + Name + '!';
end;

end.
