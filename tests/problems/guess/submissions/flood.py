import sys

n = int(input())
while True:
    sys.stderr.write(f"I am thinking about {n}\n" * 100)
