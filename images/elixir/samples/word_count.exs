entries =
  IO.read(:stdio, :all)
  |> String.split()
  |> Enum.frequencies()
  |> Enum.sort_by(fn {word, count} -> {-count, word} end)

for {word, count} <- entries do
  IO.puts("#{word} #{count}")
end

letters = entries |> Enum.map(fn {word, _} -> String.length(word) end) |> Enum.sum()
mean = :erlang.float_to_binary(letters / length(entries), decimals: 2)
IO.puts("#{length(entries)} words, mean length #{mean}")
