defmodule Chatty do
  def loop do
    IO.puts("again and again")
    loop()
  end
end

Chatty.loop()
