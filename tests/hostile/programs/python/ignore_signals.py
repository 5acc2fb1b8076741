"""Attacks: the wall limit. Every signal that can be is blocked and ignored, in two sessions.
Invariant: a limit needs nobody's consent.
Allowed outcomes: time_limit, cause wall."""

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
