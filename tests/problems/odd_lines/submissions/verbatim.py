import sys

data = sys.stdin.buffer.read()
lines = [line for line in data.split(b"\n") if line.strip()]
if lines:
    sys.stdout.buffer.write(b"\n".join(reversed(lines)) + b"\n" * data.endswith(b"\n"))
