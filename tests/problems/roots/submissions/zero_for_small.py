import math
import sys

for word in sys.stdin.read().split():
    print(0 if float(word) < 1e-12 else math.sqrt(float(word)))
