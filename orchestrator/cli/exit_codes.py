"""What `run` exits with when it is not what the program did."""

from __future__ import annotations

OWN_FAULT = 1
SIGNAL_BASE = 128
NOBODY_READS = SIGNAL_BASE + 13
"""As a shell says that SIGPIPE ended it."""
