"""
Class: kernel, mounts
Attacks: devices: each that there is, is opened, read and asked things; each that might be, is made.
Invariant: there are the harmless ones and no others, and none can be made.
Allowed: accepted
With: attack.py
Tries: 20
"""

import errno
import fcntl
import os
import stat

from attack import refused, the_end, works

HARMLESS = {"null", "zero", "full", "random", "urandom", "tty", "console"}
TIOCSTI, BLKGETSIZE64, RNDADDTOENTCNT, RNDCLEARPOOL = 0x5412, 0x80081272, 0x40045201, 0x5206

there = {
    entry.name for entry in os.scandir("/dev")
    if stat.S_ISCHR(entry.stat(follow_symlinks=False).st_mode) or stat.S_ISBLK(entry.stat(follow_symlinks=False).st_mode)
}
works("only the harmless ones are there", there <= HARMLESS, there)
for name, kind, major, minor in (
    ("mem", stat.S_IFCHR, 1, 1), ("kmsg", stat.S_IFCHR, 1, 11), ("disk", stat.S_IFBLK, 8, 0),
    ("virtio", stat.S_IFBLK, 254, 0), ("loop", stat.S_IFBLK, 7, 0), ("fuse", stat.S_IFCHR, 10, 229),
    ("kvm", stat.S_IFCHR, 10, 232), ("tun", stat.S_IFCHR, 10, 200), ("null", stat.S_IFCHR, 1, 3),
):
    for folder in ("/work", "/tmp"):
        refused(f"a device {folder}/{name}", lambda: os.mknod(f"{folder}/{name}", kind | 0o666, os.makedev(major, minor)))
for name, request in (("random", RNDADDTOENTCNT), ("urandom", RNDCLEARPOOL)):
    device = os.open(f"/dev/{name}", os.O_RDONLY)
    refused(f"the pool behind {name}", lambda: fcntl.ioctl(device, request, b"\1\0\0\0"))
refused("a full disk", lambda: os.write(os.open("/dev/full", os.O_WRONLY), b"x"), errno.ENOSPC)
zero = os.open("/dev/zero", os.O_RDONLY)
refused("a size of zero", lambda: fcntl.ioctl(zero, BLKGETSIZE64, bytes(8)))
works("null swallows", os.write(os.open("/dev/null", os.O_WRONLY), b"x") == 1)
the_end()
