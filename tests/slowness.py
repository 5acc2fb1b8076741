"""How much slower this machine is than a developer's: 1, or what `SLOWNESS` says (a guest's)."""

from __future__ import annotations

import os

SLOWNESS = float(os.environ.get("SLOWNESS", "1"))
