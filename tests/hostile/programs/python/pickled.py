r"""
Class: memory, cpu
Attacks: a library's memory: 60 bytes of a pickle and 200 kB of gzip that unfold
  to more memory than there is.
Invariant: what a library takes is the program's, and limited.
Allowed: memory_limit/memory
Request: [{"args": ["pickle"], "limits": {"memory_mb": 64}, "timeout": 10000},
  {"args": ["gzip"], "limits": {"memory_mb": 64}, "timeout": 10000}]
Prints: unfolding\n
"""

import gzip
import io
import pickle
import sys
import zlib


def evil_pickle():
    # bytearray(1 << 38), by the opcodes of protocol 2, once refused and then in pieces that are held.
    data = b"\x80\x02]cbuiltins\nbytearray\n(cbuiltins\nint\n(V16777216\ntRtR."
    held = []
    while True:
        held.append(pickle.loads(data))
        held[-1][:] = b"x" * len(held[-1])


def evil_gzip():
    packer = zlib.compressobj(9, wbits=31)
    packed = b"".join(packer.compress(bytes(1 << 20)) for _ in range(200)) + packer.flush()
    return len(gzip.open(io.BytesIO(packed)).read()) + len(gzip.decompress(packed))


print("unfolding")
{"pickle": evil_pickle, "gzip": evil_gzip}[sys.argv[1]]()
