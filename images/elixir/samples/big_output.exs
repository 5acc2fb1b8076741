for number <- 1..15_000 do
  IO.puts(number)
end
