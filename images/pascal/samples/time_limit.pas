program Busy;
begin
  while True do;
end.
