const Workers = 4

var
  threads: array[Workers, Thread[int]]
  sums: array[Workers, int]

proc work(first: int) {.thread.} =
  for n in countup(first, 999_999, Workers):
    sums[first] += n

for first in 0 ..< Workers:
  createThread(threads[first], work, first)
joinThreads(threads)
var total = 0
for sum in sums:
  total += sum
echo Workers, " workers: ", total
