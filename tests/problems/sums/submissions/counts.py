import sys

total = 0
for number in map(int, sys.stdin.read().split()[1:]):
    step = 1 if number > 0 else -1
    while number:
        number -= step
        total += step
print(total)
