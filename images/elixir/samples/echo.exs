for line <- IO.stream(:stdio, :line) do
  IO.puts(String.trim_trailing(line, "\n"))
end
