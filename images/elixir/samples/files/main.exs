Code.require_file("text/greeting.ex")

IO.puts(Greeting.to("files"))
