n = int(input())


def tell(d):
    if n % d == 0:
        print(d)
    if d < n:
        tell(d + 1)


tell(1)
