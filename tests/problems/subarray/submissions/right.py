import sys
from itertools import accumulate

_, *numbers = map(int, sys.stdin.read().split())
print(max(accumulate(numbers, lambda total, number: max(total, 0) + number)))
