"""Attacks: the wall limit. Every signal that can be is blocked and ignored, every other descriptor
is closed, the process is a group of its own.
Invariant: a limit needs nobody's consent.
Allowed outcomes: time_limit, cause wall."""

import os
import signal
import time

signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        continue
print("deaf", flush=True)
if os.fork() != 0:
    os.setpgid(0, 0)
while True:
    time.sleep(60)
