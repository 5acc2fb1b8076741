n = int(input())
candidates = bytearray()
for d in range(1, n + 1, 1_000_000):
    candidates += b"x" * min(1_000_000, n + 1 - d)
for d in range(1, n + 1):
    if n % d == 0:
        print(d)
