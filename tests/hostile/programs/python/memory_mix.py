r"""
Class: memory, disk
Attacks: the memory limit, from all sides at once: full tmpfs folders, memory without a name, shared
  memory, and anonymous memory, none of them beyond the limit alone.
Invariant: memory is one sum; not a byte more than the limit is ever held.
Allowed: memory_limit/memory
Request: {"env": {"LIMIT_MB": "64"}, "limits": {"memory_mb": 64}, "timeout": 20000}
Prints: (?=/tmp \D+\d+\n/dev/shm \D+\d+\n/work \D+\d+\nshared \d+\nnameless \d+\n)(\D+ (\d|[1-5]\d|6[0-4])\n)+
Hits: disk
"""

import mmap
import os

limit = int(os.environ["LIMIT_MB"])
held = 0


def report(what):
    print(what, held, flush=True)


for folder in ("/tmp", "/dev/shm", "/work"):
    number = 0
    try:
        while True:
            with open(f"{folder}/fill{number}", "wb") as file:
                file.write(b"x" * (1 << 20))
            held += 1
            number += 1
    except OSError as error:
        report(f"{folder} {error.strerror}")
shared = mmap.mmap(-1, (limit // 8) << 20)
shared.write(b"x" * len(shared))
held += limit // 8
report("shared")
nameless = os.memfd_create("nameless")
os.truncate(nameless, 0)
for _ in range(limit // 16):
    os.write(nameless, b"x" * (1 << 20))
    held += 1
report("nameless")
hoard = []
while True:
    hoard.append(bytearray(b"x" * (1 << 20)))
    held += 1
    if held % 4 == 0:
        report("anonymous")
