r"""
Class: streams, leftovers
Attacks: the agent's waiting for the end of output: a program without stdin, stdout and stderr stays
  for ever, with its input unread.
Invariant: a program without streams meets its limit.
Allowed: time_limit/wall
Request: {"input": "unread\n", "limits": {"wall_ms": 1000}}
Prints: last words\n
"""

import os
import time

print("last words", flush=True)
for descriptor in range(3):
    os.close(descriptor)
time.sleep(60)
