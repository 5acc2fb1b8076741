for number in 1 .. 15000:
  echo number
