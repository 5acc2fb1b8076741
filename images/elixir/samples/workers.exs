workers = 4

total =
  0..(workers - 1)
  |> Enum.map(fn first -> Task.async(fn -> Enum.sum(first..999_999//workers) end) end)
  |> Task.await_many()
  |> Enum.sum()

IO.puts("#{workers} workers: #{total}")
