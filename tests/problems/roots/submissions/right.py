import math
import sys

for word in sys.stdin.read().split():
    print(math.sqrt(float(word)))
