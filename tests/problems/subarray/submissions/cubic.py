import sys

n, *numbers = map(int, sys.stdin.read().split())
print(max(sum(numbers[i:j]) for i in range(n) for j in range(i + 1, n + 1)))
