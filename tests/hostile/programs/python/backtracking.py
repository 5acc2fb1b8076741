"""
Class: cpu, processes
Attacks: the CPU limit: a regular expression that tries 2^60 ways, in a pool of processes whose
  parent only waits.
Invariant: the CPU limit is the whole tree's.
Allowed: time_limit/cpu
Request: {"limits": {"cpu_ms": 800, "wall_ms": 20000}}
"""

import multiprocessing
import re

if __name__ == "__main__":
    with multiprocessing.Pool(8) as pool:
        print(pool.starmap(re.fullmatch, [("(a|a)*", "a" * 60 + "b")] * 8))
