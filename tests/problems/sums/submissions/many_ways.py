import os
import signal
import sys
import time

_, *numbers = map(int, sys.stdin.read().split())
if numbers == [-5]:
    os.kill(os.getpid(), signal.SIGFPE)
while not numbers:
    print("none" * 1000)
while numbers[0] > 1_000_000:
    time.sleep(1)
print(sum(numbers[:3]))
