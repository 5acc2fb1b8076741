r"""
Class: proc, identity, limits
Attacks: the run, by the request's own environment: a library, a start-up file, a home, a path of the
  client's choice; and what the environment tells of the machine.
Invariant: the environment is the program's alone: the agent has none of it, and nothing in it is
  a secret of ours.
Allowed: accepted
Request: {"env": {"LD_PRELOAD": "/work/none.so", "LD_AUDIT": "/work/none.so", "PYTHONSTARTUP": "/proc/1/environ",
  "HOME": "/proc/1", "TMPDIR": "/sandbox", "API_KEY": "mine", "DOCKER_HOST": "unix:///work/engine"}}
With: attack.py
Prints: ((works:|refused: E[A-Z]+) [^\n]*\n){5}the end, 5 tries\n
"""

import os

from attack import refused, the_end, works

OURS = {"API_KEY", "DOCKER_HOST"}
works("the request's own are there", all(name in os.environ for name in OURS | {"LD_PRELOAD"}))
works("no secret", os.environ["API_KEY"] == "mine" and "key" not in " ".join(os.environ.values()))
refused("the agent's", lambda: open("/proc/1/environ").read())
refused("the home", lambda: os.listdir(os.path.expanduser("~/fd")))
works("the agent is as it was", open("/proc/1/cmdline").read().startswith("/sandbox/agent"))
the_end()
