n = int(input())
for i in range(n):
    print("?", i, n - 1 - i, flush=True)
    input()
