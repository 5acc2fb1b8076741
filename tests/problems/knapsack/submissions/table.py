import sys

capacity, n, *numbers = map(int, sys.stdin.read().split())
best = [(0, ())] * (capacity + 1)
for i, (weight, value) in enumerate(zip(numbers[::2], numbers[1::2]), start=1):
    for room in range(capacity, weight - 1, -1):
        total, packed = best[room - weight]
        best[room] = max(best[room], (total + value, (*packed, i)))
print(*best[capacity][1])
