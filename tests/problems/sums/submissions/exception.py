import sys

_, *numbers = map(int, sys.stdin.read().split())
mean = sum(numbers) / len(numbers)
print(round(mean * len(numbers)))
