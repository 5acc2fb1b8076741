import time

low, high = 1, int(input())
answer = ""
while answer != "equal":
    guess = (low + high) // 2
    print(guess, flush=True)
    answer = input()
    low, high = (guess + 1, high) if answer == "more" else (low, guess - 1)
time.sleep(1000)
