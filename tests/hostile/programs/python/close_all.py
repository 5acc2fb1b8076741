r"""
Class: streams
Attacks: the agent's waiting for the end of output: a program without stdin, stdout and stderr goes
  on.
Invariant: a stage ends with its program, not with its pipes.
Allowed: accepted
Prints: last words\n
"""

import os
import time

print("last words", flush=True)
for descriptor in range(3):
    os.close(descriptor)
time.sleep(0.3)
os._exit(0)
