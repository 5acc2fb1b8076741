import sys

for line in reversed(sys.stdin.read().split("\n")):
    if line.strip():
        print("  ".join(line.split()))
