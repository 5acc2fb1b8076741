"""
Class: kernel, namespaces, mounts, ptrace, keyrings, io_uring
Attacks: the kernel, from an interpreter: system calls by their numbers through ctypes, by the main
  thread, by other threads, and by children, which might have escaped the filter.
Invariant: the filter is on every thread and every child, whatever language it is written in.
Allowed: accepted
With: attack.py
Tries: 54
"""

import ctypes
import os
import threading

from attack import refused, the_end, works

libc = ctypes.CDLL(None, use_errno=True)
X86 = os.uname().machine == "x86_64"
CALLS = {  # the number on x86-64 and on arm64, and arguments
    "ptrace": (101, 117, 16, 1, 0, 0),
    "process_vm_readv": (310, 270, 1, 0, 0, 0, 0, 0),
    "unshare": (272, 97, 0x10000000),
    "setns": (308, 268, 0, 0),
    "mount": (165, 40, b"none", b"/tmp", b"tmpfs", 0, 0),
    "umount2": (166, 39, b"/tmp", 2),
    "pivot_root": (155, 41, b"/tmp", b"/tmp"),
    "chroot": (161, 51, b"/tmp"),
    "add_key": (248, 217, b"user", b"message", b"hello", 5, -4),
    "request_key": (249, 218, b"user", b"message", b"callout", 0),
    "keyctl": (250, 219, 0, -3, 1),
    "io_uring_setup": (425, 425, 8, bytes(120)),
    "bpf": (321, 280, 0, 0, 0),
    "perf_event_open": (298, 241, bytes(112), 0, -1, -1, 0),
    "userfaultfd": (323, 282, 1),
    "open_by_handle_at": (304, 265, -100, 0, 0),
    "reboot": (169, 142, 0xFEE1DEAD, 672274793, 0, 0),
    "init_module": (175, 105, b"", 0, b""),
}


def call(name):
    x86, arm, *arguments = CALLS[name]
    result = libc.syscall(x86 if X86 else arm, *arguments)
    if result == -1:
        raise OSError(ctypes.get_errno(), name)
    return result


def all_of_them(who):
    for name in CALLS:
        refused(f"{name} by {who}", lambda: call(name), 1)


all_of_them("the main thread")
thread = threading.Thread(target=all_of_them, args=("a thread",))
thread.start()
thread.join()
for name in CALLS:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            call(name)
        except OSError as error:
            os.write(writing, bytes([error.errno]))
        os._exit(0)
    os.close(writing)
    answer = os.read(reading, 1)
    os.close(reading)
    os.waitpid(child, 0)
    works(f"{name} by a child is refused", answer == b"\x01", answer)
the_end()
