for number in range(1000):
    with open(f"file{number}", "wb") as file:
        file.write(b"x" * (1 << 20))
