r"""
Class: leftovers
Attacks: the end of a stage. A daemon, forked twice and in a session of its own, keeps stdout open
  and writes on after its program has ended.
Invariant: the stage ends with its program, at once; nothing that it started outlives it.
Allowed: accepted
Request: {"timeout": 60000}
Prints: (daemon\n)+main ends\n(daemon\n)*
Within: 20
"""

import os
import time

ready, told = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(told, b"x")
        while True:
            os.write(1, b"daemon\n")
            time.sleep(0.01)
    os._exit(0)
os.wait()
os.read(ready, 1)
time.sleep(0.1)
os.write(1, b"main ends\n")
