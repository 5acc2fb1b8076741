import sys

print(100, flush=True)
sys.stdin.readline()
print("I don't know what is right", file=sys.stderr)
sys.exit(3)
