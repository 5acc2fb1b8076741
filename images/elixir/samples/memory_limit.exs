defmodule Greedy do
  def fill(blocks), do: fill([String.duplicate("x", 1_048_576) | blocks])
end

Greedy.fill([])
