import math

n = int(input())
small = [d for d in range(1, math.isqrt(n) + 1) if n % d == 0]
for d in sorted({*small, *(n // d for d in small)}, reverse=True):
    print(d)
