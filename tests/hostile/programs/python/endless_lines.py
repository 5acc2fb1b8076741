r"""
Class: output
Attacks: the number of frames: empty lines and single bytes, each a write of its own, on both streams
  in turns, by several processes.
Invariant: what a program prints is capped where it is printed, each stream by itself.
Allowed: output_limit/output
Request: {"limits": {"output_kb": 16}, "timeout": 20000}
Prints: [.\n]{0,16384}
"""

import os

for _ in range(2):
    os.fork()
while True:
    os.write(1, b"\n")
    os.write(2, b"x")
    os.write(1, b".")
