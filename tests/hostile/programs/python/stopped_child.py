r"""
Class: leftovers, signals
Attacks: the end of a stage. A child that holds stdout is stopped, another one ignores every signal,
  a third is a zombie's parent.
Invariant: whatever state a process is in, it ends with its stage, at once.
Allowed: accepted
Request: {"timeout": 60000}
Prints: stopped\n
Within: 20
"""

import os
import signal
import time

stopped = os.fork()
if stopped == 0:
    while True:
        time.sleep(60)
if os.fork() == 0:
    for number in signal.valid_signals():
        try:
            signal.signal(number, signal.SIG_IGN)
        except OSError:
            continue
    while True:
        time.sleep(60)
if os.fork() == 0:
    if os.fork() == 0:
        os._exit(0)
    os.kill(os.getpid(), signal.SIGSTOP)
os.kill(stopped, signal.SIGSTOP)
_, status = os.waitpid(stopped, os.WUNTRACED)
print("stopped" if os.WIFSTOPPED(status) else "BROKEN")
