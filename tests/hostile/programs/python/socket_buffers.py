r"""
Class: network, memory
Attacks: the machine's memory, through socket buffers that nobody empties: TCP and UDP over
  loopback, Unix streams and datagrams, in more than one process.
Invariant: what a job makes the kernel keep is within the job's memory limit; or there are no such
  sockets, or the kernel holds the sender back.
Allowed: accepted memory_limit/memory time_limit/wall time_limit/cpu
Request: [{"args": ["tcp", "64"], "limits": {"memory_mb": 64}, "timeout": 20000},
  {"args": ["udp", "64"], "limits": {"memory_mb": 64}, "timeout": 20000},
  {"args": ["unix", "64"], "limits": {"memory_mb": 64}, "timeout": 20000},
  {"args": ["datagram", "64"], "limits": {"memory_mb": 64}, "timeout": 20000}]
Prints: (works: parked \d+ MB, then [^\n]+\n)?
"""

import os
import resource
import socket
import sys
import time

PROCESSES = 2
BLOCK = b"x" * 32768
SENDS = 64  # more than any buffer holds; UDP never blocks, it drops
KINDS = {
    "tcp": (socket.AF_INET, socket.SOCK_STREAM),
    "udp": (socket.AF_INET, socket.SOCK_DGRAM),
    "unix": (socket.AF_UNIX, socket.SOCK_STREAM),
    "datagram": (socket.AF_UNIX, socket.SOCK_DGRAM),
}


def pair(family, kind):
    if family == socket.AF_UNIX:
        return socket.socketpair(family, kind)
    there = socket.socket(family, kind)
    here = socket.socket(family, kind)
    there.bind(("127.0.0.1", 0))
    if kind == socket.SOCK_DGRAM:
        here.connect(there.getsockname())
        return here, there
    there.listen(1)
    here.connect(there.getsockname())
    accepted, _ = there.accept()
    there.close()
    return here, accepted


def fill(ends):
    for end in ends:
        for option in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            end.setsockopt(socket.SOL_SOCKET, option, 1 << 30)
        end.setblocking(False)
    for sender in ends if ends[0].type == socket.SOCK_STREAM else ends[:1]:
        try:
            for _ in range(SENDS):
                sender.send(BLOCK)
        except OSError:
            continue


def kept(ends):
    """What is in the buffers of a pair, counted by taking it out again."""
    size = 0
    for end in ends:
        try:
            while data := end.recv(1 << 20):
                size += len(data)
        except OSError:
            continue
    return size


def work(family, kind, say, hear):
    held, reason = [], "no more files"
    try:
        while len(held) < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 8:
            held.append(pair(family, kind))
            fill(held[-1])
    except OSError as error:
        reason = error.strerror
    os.write(say, f"{reason}\n".encode())
    os.read(hear, 1)  # until all are full
    os.write(say, f"{sum(map(kept, held))}\n".encode())
    time.sleep(60)


family, kind = KINDS[sys.argv[1]]
reading, say = os.pipe()
hear, go = os.pipe()
for _ in range(PROCESSES):
    if os.fork() == 0:
        work(family, kind, say, hear)
os.close(say)
with os.fdopen(reading) as lines:
    reasons = {lines.readline().strip() for _ in range(PROCESSES)}
    os.write(go, b"x" * PROCESSES)
    parked = sum(int(lines.readline()) for _ in range(PROCESSES))
reason = " and ".join(sorted(reasons))
fits = parked <= int(sys.argv[2]) << 20 and (parked > 0 or reason == "Operation not permitted")
print(f"{'works' if fits else 'BROKEN'}: parked {parked >> 20} MB, then {reason}")
