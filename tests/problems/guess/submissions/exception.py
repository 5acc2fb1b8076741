n = int(input())
print(n // 2, flush=True)
print(int(input()))
