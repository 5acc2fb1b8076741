r"""
Class: frames, proc
Attacks: the protocol. Frames of the agent's (`exit` with status 0, `done` early, a length that
  never ends) go into every descriptor that a program has or can open.
Invariant: no program can write to the agent's channel or make its output pass for frames: what goes
  to stdout or stderr comes out as plain output, byte for byte; every other descriptor is closed,
  and the agent's can't be opened.
Allowed: accepted
Prints: ((refused: E[A-Z]+|works:) [^\n]*\n)+the end, 273 tries\n.*forged.*forged.*
"""

import errno
import os
import struct


def frame(kind, payload=b""):
    return struct.pack(">IB", len(payload), kind) + payload


EXIT = frame(0x86, struct.pack(">iiBBHQQQQI", 0, 0, 0, 0, 0, 1, 1, 0, 1, 0))
FORGERIES = (EXIT, frame(0x83, b"forged"), frame(0x87, b"forged"), b"\xff\xff\xff\xff\x83", b"\0" * 5)

tries = 0


def refused(what, attempt, *reasons):
    global tries
    tries += 1
    try:
        attempt()
    except OSError as error:
        proper = error.errno in reasons
        print(f"{'refused' if proper else 'BROKEN'}: {errno.errorcode[error.errno]} {what}", flush=True)
    else:
        print(f"BROKEN: {what}", flush=True)


for descriptor in (0, *range(3, 256)):
    refused(f"write to {descriptor}", lambda: os.write(descriptor, EXIT), errno.EBADF)
for descriptor in (*range(16), 255):
    path = f"/proc/1/fd/{descriptor}"
    refused(path, lambda: os.open(path, os.O_WRONLY), errno.EACCES, errno.EPERM)
refused("list /proc/1/fd", lambda: os.listdir("/proc/1/fd"), errno.EACCES, errno.EPERM)

own_input = os.open("/proc/self/fd/0", os.O_WRONLY | os.O_NONBLOCK)
os.write(own_input, EXIT)
tries += 1
print("works: one's own stdin gives back", "what was put in" if os.read(0, 99) == EXIT else "BROKEN")
print(f"the end, {tries} tries", flush=True)
for forgery in FORGERIES:
    os.write(1, forgery)
    os.write(2, forgery)
