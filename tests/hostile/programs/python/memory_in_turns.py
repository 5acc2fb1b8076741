r"""
Class: memory, processes
Attacks: the memory limit, in turns: each of a chain of processes takes three quarters of it and is
  gone when the next one comes, so that no peak is ever reached and the sum is far beyond.
Invariant: what is given back may be used again; nothing of it is held against the program or kept.
Allowed: accepted
Request: {"limits": {"memory_mb": 64}, "timeout": 20000}
Prints: 20 turns\n
"""

import os

turns = 0
for turn in range(20):
    child = os.fork()
    if child == 0:
        hoard = bytearray(b"x") * (40 << 20)
        os._exit(len(hoard) >> 20)
    turns += os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 40
print(turns, "turns")
