"""
Class: mounts, identity, proc
Attacks: everything that has a name: each file and folder there is, /proc and /sys included, is opened
  and written to, each folder gets a new file, and programs are looked for that raise the rights of
  whoever starts them.
Invariant: a program writes to /work, /tmp and /dev/shm; the rest of the machine is as it was.
Allowed: accepted
Request: {"timeout": 20000}
With: attack.py
Tries: 6
"""

import os
import stat

from attack import the_end, works

MINE = ("/work", "/tmp", "/dev/shm", f"/proc/{os.getpid()}", "/proc/self", "/proc/thread-self")
HARMLESS = {"/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"}
NULL = os.makedev(1, 3)  # also what hides files in /proc
written, made, raising, seen = [], [], [], 0


def is_mine(path):
    return any(path == own or path.startswith(own + "/") for own in MINE)


def takes_bytes(path, flags):
    """Opens it, and what can be opened by anybody (some of /proc) is written to."""
    try:
        file = os.open(path, flags | os.O_WRONLY | os.O_NONBLOCK, 0o600)
    except OSError:
        return False
    try:
        os.write(file, b"pwned")
    except OSError:
        return False
    finally:
        os.close(file)
    return True


for folder, folders, names in os.walk("/"):
    folders[:] = [name for name in folders if not is_mine(os.path.join(folder, name))]
    if takes_bytes(os.path.join(folder, "planted"), os.O_CREAT):
        made.append(folder)
    for name in names:
        path = os.path.join(folder, name)
        seen += 1
        status = os.lstat(path)
        if status.st_mode & (stat.S_ISUID | stat.S_ISGID) and stat.S_ISREG(status.st_mode):
            raising.append(path)
        if path not in HARMLESS and not stat.S_ISLNK(status.st_mode) and status.st_rdev != NULL and takes_bytes(path, 0):
            written.append(path)
works("thousands of files were tried", seen > 3000, seen)
works("none of them took a write", not written, written[:20])
works("no folder took a new one", not made, made[:20])
works("no program raises the rights of whoever starts it", not raising, raising[:20])
works("the program's own folders do", all(os.access(own, os.W_OK) for own in MINE[:3]))
works("the sandbox's files are as they were", os.stat("/sandbox/agent").st_mode & 0o222 == 0)
the_end()
