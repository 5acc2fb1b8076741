"""`make bench`: how fast a real server is on this machine, next to what it is measured against."""
