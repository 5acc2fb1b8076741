let number: int = "a string is no number"
