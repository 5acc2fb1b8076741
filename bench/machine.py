"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from orchestrator.engine.client import Json


def describe_machine(info: Json) -> dict[str, Any]:
    """Cores, memory (MB), kernel, engine; `info` is the engine's GET /info."""
    return {
        "cores": os.cpu_count(),
        "cpu": _cpu_model(),
        "memory_mb": info["MemTotal"] >> 20,
        "kernel": platform.release(),
        "system": info["OperatingSystem"],
        "engine": info["ServerVersion"],
        "storage": info["Driver"],
        "cgroup": info.get("CgroupVersion", "1"),
        "runtimes": sorted(info["Runtimes"]),
        "python": platform.python_version(),
        "load_at_start": os.getloadavg()[0],
    }


def _cpu_model() -> str:
    """As the kernel names it, where it does."""
    found = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
