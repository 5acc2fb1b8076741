"""
Class: memory, processes
Attacks: the choice of whom the kernel kills when memory is out. Many processes take the largest
  share between them, none of them is large, and each has made itself the last to be chosen.
Invariant: out of memory, programs die and the agent lives to report it; or it has to end them
  itself, if the kernel finds nobody to kill.
Allowed: memory_limit/memory time_limit/wall time_limit/cpu
Request: {"limits": {"memory_mb": 64}, "timeout": 3000}
Prints: agent .*
"""

import os
import time

SCORES = (-1000, -999, -500, 0, 500)


def shield():
    for score in SCORES:
        try:
            with open("/proc/self/oom_score_adj", "w") as file:
                file.write(str(score))
        except OSError:
            continue
        return score
    return None


print("agent", open("/proc/1/oom_score_adj").read().strip(), "program", shield(), flush=True)
for _ in range(12):
    if os.fork() == 0:
        held = []
        while True:
            held.append(bytearray(b"x" * (1 << 18)))
            time.sleep(0.002)
while True:
    time.sleep(1)
