import sys

capacity, n, *numbers = map(int, sys.stdin.read().split())
for i, weight in enumerate(numbers[::2], start=1):
    if weight <= capacity:
        capacity -= weight
        print(i)
