"""
Class: output
Attacks: the orchestrator's memory: 100 MB, in one line, as fast as it goes, on the stream that the
  argument names.
Invariant: what a program prints is capped where it is printed, at the limit exactly.
Allowed: output_limit/output
Request: [{"args": ["stdout"], "timeout": 20000}, {"args": ["stderr"], "timeout": 20000}]
Prints: x{100000}|
"""

import os
import sys

stream = 2 if sys.argv[1:] == ["stderr"] else 1
for _ in range(100):
    data = memoryview(b"x" * (1 << 20))
    while data:
        data = data[os.write(stream, data) :]
os.write(1, b"BROKEN: 100 MB went through")
