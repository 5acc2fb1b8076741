import sys

r, c, *words = sys.stdin.read().split()
r, c = int(r), int(c)
print(*[words[i * c + j] for j in range(c) for i in range(r)][:-1])
