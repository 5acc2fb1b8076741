"""argv: input, output, answer. stdin: the solution's questions; stdout: `<` or `>`."""

import sys


def quit_with(code, message):
    print(message, file=sys.stderr)
    sys.exit(code)


with open(sys.argv[1]) as file:
    weights, (few, most) = (list(map(int, line.split())) for line in file)
n = len(weights)
print(n, flush=True)
for asked in range(most + 1):
    words = sys.stdin.readline(100).split()
    if not words:
        quit_with(1, "gone without the order")
    try:
        numbers = [int(word) - 1 for word in words[1:]]
    except ValueError:
        quit_with(2, "no numbers")
    if words[0] == "!":
        if numbers != sorted(range(n), key=weights.__getitem__):
            quit_with(1, "not in order")
        quit_with(7, f"points {10 if asked <= few else 5} after {asked} questions")
    if words[0] != "?" or len(numbers) != 2 or not set(numbers) <= set(range(n)):
        quit_with(2, "no question")
    if asked == most:
        quit_with(1, "too many questions")
    # Unbuffered, print makes two writes of it, and the solution may be gone before the second.
    sys.stdout.write("<\n" if weights[numbers[0]] < weights[numbers[1]] else ">\n")
    sys.stdout.flush()
