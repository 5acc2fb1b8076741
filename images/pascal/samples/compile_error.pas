program Broken;
var
  Number: Integer;
begin
  Number := 'a string is no number';
end.
