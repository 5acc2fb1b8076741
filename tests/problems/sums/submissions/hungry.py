import sys

_, *numbers = map(int, sys.stdin.read().split())
kept = []
for _ in range(sum(numbers) // 1_000_000):
    kept.append(b"x" * (1 << 20))
print(sum(numbers))
