raise RuntimeError("nothing was looked at")
