r"""
Class: signals, processes
Attacks: whoever waits for a program's end: each signal that ends a process ends a child, the last one
  the program itself, with a core file asked for.
Invariant: how a program ends is told as it was; nothing is written.
Allowed: runtime_error/signal
Prints: \d+ ways to end, no core\n
"""

import ctypes
import os
import resource
import signal

resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
ways = set()
for number in signal.valid_signals():
    child = os.fork()
    if child == 0:
        if number not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)
        os._exit(0)
    _, status = os.waitpid(child, os.WUNTRACED)
    if os.WIFSIGNALED(status):
        ways.add(os.WTERMSIG(status))
        assert not os.WCOREDUMP(status)
    elif os.WIFSTOPPED(status):
        os.kill(child, signal.SIGKILL)
assert len(ways) > 20, ways
assert not [name for name in os.listdir("/work") if "core" in name]
print(len(ways), "ways to end, no core", flush=True)
ctypes.string_at(0)
