"""How these commands are called here, for hints that can be pasted."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

NAME = "codebae-runner"


def program() -> str:
    """Its name where the shell finds it, else the path or the module it was started by."""
    started = sys.argv[0]
    match Path(started).name:
        case "__main__.py":
            return f"{shlex.quote(sys.executable)} -m orchestrator"
        case name if name == NAME and shutil.which(NAME) is None:
            return shlex.quote(started)
        case _:
            return NAME
