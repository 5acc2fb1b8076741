import sys

lines = [line.strip() for line in sys.stdin if line.strip()]
print("\n".join(reversed(lines)) or "nothing to print")
