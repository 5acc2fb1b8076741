import sys

r, c, *words = sys.stdin.read().upper().split()
r, c = int(r), int(c)
for j in range(c):
    print(*(words[i * c + j] for i in range(r)))
