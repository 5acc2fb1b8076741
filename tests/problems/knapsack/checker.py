"""argv: input, output, answer. Points for the share of the best value, of 10; of 20 for two things."""

import sys


def quit_with(code, message):
    print(message, file=sys.stderr)
    sys.exit(code)


capacity, n, *numbers = map(int, open(sys.argv[1]).read().split())
things = list(zip(numbers[::2], numbers[1::2]))
best = int(open(sys.argv[3]).read())
try:
    packed = [int(word) for word in open(sys.argv[2]).read().split()]
except ValueError:
    quit_with(2, "no number")
if len(set(packed)) < len(packed) or not set(packed) <= set(range(1, n + 1)):
    quit_with(1, "no such things")
if sum(things[i - 1][0] for i in packed) > capacity:
    quit_with(1, "too heavy")
most = 20 if n == 2 else 10
quit_with(7, f"points {most * sum(things[i - 1][1] for i in packed) // best}")
