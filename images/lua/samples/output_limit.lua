while true do
  print("again and again")
end
