"""Records which images passed the self-test, while nothing that it depends on changes."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FILE = "selftest.json"
MOST = 500


def fingerprint(engine_info: dict[str, Any], runtime: str, digest: str) -> str:
    """Return all that a pass depends on: boot, engine and its version, runtime, image digest."""
    boot = BOOT_ID.read_text("ascii").strip()
    engine = f"{engine_info.get('ID')}/{engine_info.get('ServerVersion')}"
    return f"{boot}/{engine}/{runtime or engine_info.get('DefaultRuntime')}/{digest}"


def passed_before(state_dir: Path) -> frozenset[str]:
    """Return the fingerprints that passed; none when the file is missing or damaged."""
    return frozenset(_read(state_dir))


def _read(state_dir: Path) -> list[str]:
    try:
        known = json.loads((state_dir / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    items = known if isinstance(known, list) else ()
    return [item for item in items if isinstance(item, str)]


def remember(state_dir: Path, passed: Iterable[str], failed: Iterable[str] = ()) -> None:
    """Add `passed`, drop `failed`, and keep the latest MOST others of this boot. Atomic.

    A folder that can't be written (another user's) leaves the old file: what is not recorded is
    tested again.
    """
    new = set(passed)
    known = new | set(failed)
    boot = f"{BOOT_ID.read_text('ascii').strip()}/"
    old = [each for each in _read(state_dir) if each.startswith(boot) and each not in known]
    fresh = state_dir / f"{FILE}.{os.getpid()}"
    with contextlib.suppress(OSError):
        state_dir.mkdir(parents=True, exist_ok=True)
        fresh.write_text(json.dumps([*old[-MOST:], *sorted(new)]), "utf-8")
        fresh.replace(state_dir / FILE)
