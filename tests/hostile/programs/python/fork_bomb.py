r"""
Class: processes
Attacks: processes. Each forks for as long as it lives, and starts again when it is refused.
Invariant: the number of processes is limited, and all of them end.
Allowed: time_limit/wall time_limit/cpu
Request: {"limits": {"wall_ms": 2000}}
Prints: boom\n
Hits: processes
"""

import os
import time

print("boom", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.001)
