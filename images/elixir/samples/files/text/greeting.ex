defmodule Greeting do
  def to(name), do: "Hello, #{name}!"
end
