for number in range(1_000_000):
    open(f"file{number}", "wb").close()
