"""Keys: what there is to one, the file that has them, and how one is told from a guess. No HTTP."""
