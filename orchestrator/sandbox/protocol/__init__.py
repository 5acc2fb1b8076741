"""What server and agent say to each other."""
