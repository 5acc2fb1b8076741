r"""
Class: cpu, signals
Attacks: the CPU limit, in one operation of the interpreter's that takes hours and during which it
  looks at no signal; it has blocked them anyway.
Invariant: a limit needs nobody's consent.
Allowed: time_limit/cpu
Request: {"limits": {"cpu_ms": 500, "wall_ms": 20000}}
Prints: deaf\n
"""

import signal

signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
print("deaf")
number = 7 ** (7**8)
for _ in range(9):
    number *= number
