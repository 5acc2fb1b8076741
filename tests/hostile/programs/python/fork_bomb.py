"""Attacks: processes. Each forks for as long as it lives, and starts again when it is refused.
Invariant: the number of processes is limited, and all of them end.
Allowed outcomes: time_limit, with `processes` among the limits hit; the next job runs as ever."""

import os
import time

print("boom", flush=True)
while True:
    try:
        os.fork()
    except OSError:
        time.sleep(0.001)
