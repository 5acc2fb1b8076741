n = int(input())
input()
print(n // 2, flush=True)
