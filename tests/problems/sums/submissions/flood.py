import sys

_, *numbers = map(int, sys.stdin.read().split())
while not numbers:
    sys.stderr.write("no numbers\n" * 1000)
print(sum(numbers))
