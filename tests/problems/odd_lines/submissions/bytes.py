import sys

lines = sys.stdin.buffer.read().split(b"\n")
for line in reversed(lines):
    if line.strip():
        print(line.strip().decode("ascii"))
