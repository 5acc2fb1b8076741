n = int(input())
primes = [p for p in range(2, 100) if all(p % d for d in range(2, p))]
print(*next(((p, n - p) for p in primes if n - p in primes), (2, 5)))
