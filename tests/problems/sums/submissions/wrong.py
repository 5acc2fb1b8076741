import sys

_, *numbers = map(int, sys.stdin.read().split())
print(sum(numbers) + 1)
