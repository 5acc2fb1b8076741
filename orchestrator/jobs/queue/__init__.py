"""The queue: who waits, who is next, how much runs at once."""
