"""Attacks: the agent's waiting for the end of output: a program without stdin, stdout and stderr
goes on. (With input `hang`: for ever.)
Invariant: a stage ends with its program, not with its pipes.
Allowed outcomes: accepted, and its exit code; time_limit for the one that hangs."""

import os
import sys
import time

hang = sys.stdin.read() == "hang"
print("last words", flush=True)
for descriptor in range(3):
    os.close(descriptor)
time.sleep(60 if hang else 0.3)
os._exit(0)
