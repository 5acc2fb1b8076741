import sys

print("so far so good")
sys.exit("something is wrong")
