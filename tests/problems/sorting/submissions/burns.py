from functools import cmp_to_key

answers = []


def compare(i, j):
    print("?", i, j, flush=True)
    answers.append(input())
    while answers[:2] in (["<", ">"], [">", "<"]):
        pass
    return -1 if answers[-1] == "<" else 1


n = int(input())
print("!", *sorted(range(1, n + 1), key=cmp_to_key(compare)), flush=True)
