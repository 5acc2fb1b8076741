r"""
Class: signals, leftovers
Attacks: the wall limit. Every signal that can be is blocked and ignored, in two sessions.
Invariant: a limit needs nobody's consent.
Allowed: time_limit/wall
Request: {"limits": {"wall_ms": 1000}}
Prints: deaf\n
"""

import os
import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
for number in signal.valid_signals():
    try:
        signal.signal(number, signal.SIG_IGN)
    except OSError:
        continue
print("deaf", flush=True)
if os.fork() == 0:
    os.setsid()
while True:
    time.sleep(60)
