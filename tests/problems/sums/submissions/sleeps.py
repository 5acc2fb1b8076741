import sys
import time

_, *numbers = map(int, sys.stdin.read().split())
while not numbers:
    time.sleep(1)
print(sum(numbers))
