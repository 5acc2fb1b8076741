r"""
Class: leftovers, processes
Attacks: the end: pools, managers and executors that are never closed, threads that never end, workers
  that hold the output; then the program leaves without a goodbye.
Invariant: the stage ends with its program, at once; nothing that it started outlives it.
Allowed: accepted
Request: {"timeout": 60000}
Prints: left\n
Within: 30
"""

import concurrent.futures
import multiprocessing
import os
import threading
import time


def sleep(seconds):
    time.sleep(seconds)


if __name__ == "__main__":
    pool = multiprocessing.Pool(4)
    manager = multiprocessing.Manager()
    executor = concurrent.futures.ProcessPoolExecutor(4)
    work = [pool.apply_async(sleep, (60,)) for _ in range(8)] + [executor.submit(sleep, 60) for _ in range(8)]
    for _ in range(8):
        threading.Thread(target=sleep, args=(60,)).start()
    multiprocessing.get_context("spawn").Process(target=sleep, args=(60,)).start()
    time.sleep(0.2)
    print("left", flush=True)
    os._exit(0)
