r"""
Class: signals, leftovers
Attacks: everything that can be signalled, from many processes at once, each of which kills all others,
  for as long as it lives, with stopping and going on in between.
Invariant: the agent is out of reach; the last one alive, or none, ends the stage.
Allowed: runtime_error/signal time_limit/wall time_limit/cpu
Request: {"limits": {"wall_ms": 1500}}
Prints: begin\n
"""

import os
import signal
import time

print("begin", flush=True)
for _ in range(5):
    os.fork()
time.sleep(0.05)
while True:
    for number in (signal.SIGSTOP, signal.SIGCONT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(-1, number)
        except ProcessLookupError:
            time.sleep(0.001)
