IO.puts(:stderr, "giving up")
System.halt(3)
