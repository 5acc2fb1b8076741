"""What the commands of `__main__` do."""
