n = int(input())
print("Is it", n // 2, flush=True)
print(input())
