r"""
Class: kernel
Attacks: the half of an argument that the filter sees and the kernel does not look at: each refused
  option, command, flag and advice, with bits above the 32nd.
Invariant: what is refused is refused with any upper half, and a plain one works.
Allowed: accepted
With: attack.py
Tries: 60
"""

import ctypes
import os
import platform

from attack import refused, the_end, works

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
NUMBERS = {
    "x86_64": {"prctl": 157, "setsockopt": 54, "fcntl": 72, "ioctl": 16, "madvise": 28, "fadvise64": 221,
               "mmap": 9, "memfd_create": 319, "personality": 135, "socket": 41, "clone": 56, "sendto": 44,
               "preadv2": 327, "openat": 257},
    "aarch64": {"prctl": 167, "setsockopt": 208, "fcntl": 25, "ioctl": 29, "madvise": 233, "fadvise64": 223,
                "mmap": 222, "memfd_create": 279, "personality": 92, "socket": 198, "clone": 220, "sendto": 206,
                "preadv2": 286, "openat": 56},
}[platform.machine()]
UPPER = (1 << 32, 1 << 63, 0xFFFFFFFF << 32)
path = ctypes.create_string_buffer(b"/usr/bin/env")
file = os.open("/usr/bin/env", os.O_RDONLY)
page = ctypes.create_string_buffer(8192)
aligned = (ctypes.addressof(page) + 4095) & ~4095
AT_FDCWD = -100
# call: its arguments, which of them it is, and what of it is refused
REFUSED = {
    "prctl": ([0, 2, 0, 0, 0], 0, (22, 62, 67, 0x53564D41)),
    "setsockopt": ([3, 1, 0, 0, 0], 2, (26, 50, 51)),
    "fcntl": ([file, 0, 0], 1, (6, 1024, 1026, 37)),
    "ioctl": ([file, 0, 0], 1, (0x5452, 0x89E2)),
    "madvise": ([aligned, 4096, 0], 2, (12, 20, 21)),
    "fadvise64": ([file, 0, 0, 0], 3, (4,)),
    "mmap": ([0, 4096, 1, 0, -1, 0], 3, (0x40022,)),
    "memfd_create": ([ctypes.addressof(page), 0], 1, (4,)),
    "personality": ([0], 0, (0x40000,)),
    "socket": ([0, 2, 0], 0, (2, 16, 38)),
    "clone": ([0, 0, 0, 0, 0], 0, (0x10000011, 0x20011)),
    "sendto": ([1, 0, 0, 0, 0, 0], 3, (1,)),
    "preadv2": ([file, 0, 0, 0, 0, 0], 5, (8, 0x80)),
    "openat": ([AT_FDCWD, ctypes.addressof(path), 0], 2, (os.O_DIRECT,)),
}


def call(name, arguments):
    ctypes.set_errno(0)
    result = libc.syscall(NUMBERS[name], *(ctypes.c_ulong(argument & (2**64 - 1)) for argument in arguments))
    if result == 0 and name == "clone":
        os._exit(0)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


for name, (arguments, place, values) in REFUSED.items():
    for value in values:
        for upper in (0, *UPPER):
            changed = [*arguments]
            changed[place] = value | upper
            refused(f"{name} {value:#x} with {upper >> 32:#x}", lambda: call(name, changed), 1)
works("a name", call("prctl", [15, ctypes.addressof(path), 0, 0, 0]) == 0)
works("a descriptor's flags", call("fcntl", [file, 1, 0]) == 1)
works("opening", call("openat", [AT_FDCWD, ctypes.addressof(path), 0]) > 0)
the_end()
