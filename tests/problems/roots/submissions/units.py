import math
import sys

for word in sys.stdin.read().split():
    print(f"{math.sqrt(float(word))}m")
