for number in range(1, 15_001):
    print(number)
