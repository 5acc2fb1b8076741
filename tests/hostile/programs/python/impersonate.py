r"""
Class: frames, identity
Attacks: the agent's part. Its own program is started again, under its name, with its arguments,
  from its place and as a copy; and a program calls itself what the agent is called.
Invariant: nothing but process 1 is the agent, for the orchestrator and for the kernel. The second
  agent says that it must be process 1 and ends with 70; no program can write beside it or in its
  place.
Allowed: runtime_error
Prints: ((refused: E[A-Z]+|works:) [^\n]*\n)+the end, 10 tries\n.*must be process 1.*
"""

import ctypes
import errno
import os
import shutil
import subprocess

AGENT = "/sandbox/agent"
arguments = open("/proc/1/cmdline").read().split("\0")[1:-1]
tries = 0


def expect(what, holds, seen=""):
    global tries
    tries += 1
    print(f"works: {what}" if holds else f"BROKEN: {what}: {seen}", flush=True)


def refused(what, attempt):
    global tries
    tries += 1
    try:
        attempt()
    except OSError as error:
        proper = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        print(f"{'refused' if proper else 'BROKEN'}: {errno.errorcode[error.errno]} {what}", flush=True)
    else:
        print(f"BROKEN: {what}", flush=True)


def start(path, *words):
    return subprocess.run([path, *words], capture_output=True, input=b"")


second = start(AGENT, *arguments)
expect("a second agent ends at once", second.returncode == 70, second)
expect("and says why", b"must be process 1" in second.stdout, second)
expect("without arguments, too", start(AGENT).returncode == 70)
shutil.copy(AGENT, "copy")
os.chmod("copy", 0o755)
expect("and a copy of it", start("./copy", *arguments).returncode == 70)
refused("overwrite the agent", lambda: open(AGENT, "r+b"))
refused("replace the agent", lambda: os.rename("/sandbox/probe", AGENT))
refused("remove the agent", lambda: os.unlink(AGENT))
refused("a program beside it", lambda: open("/sandbox/agent2", "wb"))
libc = ctypes.CDLL(None)
expect("the agent's name", libc.prctl(15, b"agent", 0, 0, 0) == 0)
expect("the agent's session is another", os.getsid(0) != 1)
print(f"the end, {tries} tries", flush=True)
os.execv(AGENT, [AGENT, *arguments])
