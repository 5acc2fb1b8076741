"""Attacks: the machine's memory, through socket buffers that nobody empties: TCP and UDP over
loopback, Unix streams and datagrams, in as many processes as there may be.
Invariant: what a job makes the kernel keep is within the job's memory limit.
Allowed outcomes: accepted with less parked than the limit, or any verdict of a limit."""

import os
import resource
import socket
import sys
import time

BLOCK = b"x" * 32768
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
    here, there = ends
    parked = 0
    for sender in (here, there) if here.type == socket.SOCK_STREAM else (here,):
        try:
            for _ in range(1000):  # UDP never blocks: it drops
                parked += sender.send(BLOCK)
        except OSError:
            continue
    return parked


def worker(family, kind, report):
    held, parked = [], 0
    try:
        while len(held) < resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2 - 8:
            held.append(pair(family, kind))
            parked += fill(held[-1])
    except OSError:
        pass
    os.write(report, f"{parked}\n".encode())
    while True:
        time.sleep(60)


name, processes = sys.argv[1], int(sys.argv[2])
family, kind = KINDS[name]
reading, report = os.pipe()
for _ in range(processes):
    if os.fork() == 0:
        worker(family, kind, report)
os.close(report)
sent = 0
answers = 0
lines = os.fdopen(reading)
for line in lines:
    sent += int(line)
    answers += 1
    if answers == processes:
        break
print("sent", sent >> 20, flush=True)
for path in (
    "memory/memory.usage_in_bytes", "memory/memory.kmem.tcp.usage_in_bytes",
    "memory/memory.kmem.tcp.limit_in_bytes", "memory/memory.limit_in_bytes", "memory.current",
    "memory.max",
):
    try:
        print(path, int(open(f"/sys/fs/cgroup/{path}").read()) >> 20)
    except OSError:
        continue
print(open("/proc/net/sockstat").read())
print(open("/proc/net/protocols").read())
