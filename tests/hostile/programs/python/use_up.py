r"""
Class: quotas
Attacks: a neighbour, by using up what the kernel counts per uid, all of it, and holding it.
  Arguments: a resource; the time (seconds since boot) to begin at; the time to let go at. It prints
  when it began, how much it had got when no more was to be had, how much a second process of the
  same uid gets then, when it had it all, and when it let go.
Invariant: what a uid has, each job has for itself: every job gets the same full number; the second
  process gets (next to) nothing, which proves that it is the uid that was used up.
Allowed: accepted
Request: [{"args": ["inotify", "0", "0"], "timeout": 20000},
  {"args": ["pipe_buffers", "0", "0"], "timeout": 20000},
  {"args": ["pending_signals", "0", "0"], "timeout": 20000},
  {"args": ["flying_descriptors", "0", "0"], "timeout": 20000}]
Prints: began [\d.]+\ngot [1-9]\d*\nsecond 0\nfull [\d.]+\nreleased [\d.]+\n
"""

import array
import ctypes
import errno
import fcntl
import os
import signal
import socket
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)
F_SETPIPE_SZ, F_GETPIPE_SZ = 1031, 1032
MEGABYTE = 1 << 20


def clock():
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def inotify(held):
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), "inotify_init1")
    held.append(descriptor)


def pipe_buffers(held):
    """One megabyte of room: the unit is what F_SETPIPE_SZ may reach."""
    ends = os.pipe()
    try:
        fcntl.fcntl(ends[1], F_SETPIPE_SZ, MEGABYTE)
    except OSError:
        os.close(ends[0])
        os.close(ends[1])
        raise
    held += ends


def pending_signals(held):
    value = (ctypes.c_int * 32)()
    value[2] = -1  # SI_QUEUE, in struct siginfo
    if libc.syscall(NR_RT_SIGQUEUEINFO, os.getpid(), signal.SIGRTMIN, value) != 0:
        raise OSError(ctypes.get_errno(), "rt_sigqueueinfo")


def flying_descriptors(held):
    """Descriptors that are sent and not received."""
    if not held:
        held += socket.socketpair()
    held[-2].setblocking(False)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [0]))]
    try:
        held[-2].sendmsg([b"x"], rights)
    except BlockingIOError:  # this pair is full
        held += socket.socketpair()
        held[-2].sendmsg([b"x"], rights)


NR_RT_SIGQUEUEINFO = {"x86_64": 129}.get(os.uname().machine, 138)
MANY = 1 << 20
# How to take one, what says that there is no more, and how many one process takes: the next one
# goes on before the limit of open files is met, which is a process's own.
RESOURCES = {
    "inotify": (inotify, errno.EMFILE, 200),
    "pipe_buffers": (pipe_buffers, errno.EPERM, 100),
    "pending_signals": (pending_signals, errno.EAGAIN, MANY),
    "flying_descriptors": (flying_descriptors, errno.ETOOMANYREFS, MANY),
}


def take(name):
    """How many could be had, and what keeps them."""
    one_more, full, most = RESOURCES[name]
    held = []
    for count in range(most):
        try:
            one_more(held)
        except OSError as error:
            if error.errno != full:
                raise
            return count, held
    return most, held


def take_in_process(name):
    """The same in a process of its own, which then keeps what it has."""
    if os.fork() == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        count, held = take(name)
        os.write(say, f"{count}\n".encode())
        while held is not None:
            time.sleep(60)
    return int(answers.readline())


name, begin, release = sys.argv[1], float(sys.argv[2]), float(sys.argv[3])
reading, say = os.pipe()
answers = os.fdopen(reading)
while clock() < begin:
    time.sleep(0.01)
print("began", clock(), flush=True)
total = count = take_in_process(name)
while count == RESOURCES[name][2]:
    count = take_in_process(name)
    total += count
print("got", total)
print("second", take_in_process(name))
print("full", clock(), flush=True)
while clock() < release:
    time.sleep(0.01)
print("released", clock(), flush=True)
