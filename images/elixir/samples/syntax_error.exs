IO.puts("never printed")
def broken( do
