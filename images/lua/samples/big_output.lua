for number = 1, 15000 do
  print(number)
end
