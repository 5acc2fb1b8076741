message("giving up")
quit(status = 3)
