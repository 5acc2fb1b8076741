r"""
Class: memory, signals
Attacks: the interpreter's stack: its own limit is lifted, the recursion goes through C.
Invariant: a runtime that crashes is a program that failed.
Allowed: runtime_error/signal memory_limit/memory
Request: {"limits": {"memory_mb": 128}, "timeout": 10000}
Prints: down\n
"""

import sys

sys.setrecursionlimit(1 << 30)
print("down")


class Down:
    def __repr__(self):
        return repr(self)


repr(Down())
