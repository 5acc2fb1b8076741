"""Remembers which images passed the self-test, for as long as nothing it depends on has changed."""

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
    """What a pass holds for: this boot, this engine and its version, this runtime, this image."""
    boot = BOOT_ID.read_text("ascii").strip()
    engine = f"{engine_info.get('ID')}/{engine_info.get('ServerVersion')}"
    return f"{boot}/{engine}/{runtime or engine_info.get('DefaultRuntime')}/{digest}"


def passed_before(state_dir: Path) -> frozenset[str]:
    """The fingerprints that passed; none when the file is missing or damaged."""
    return frozenset(_read(state_dir))


def _read(state_dir: Path) -> list[str]:
    try:
        known = json.loads((state_dir / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return []
    items = known if isinstance(known, list) else ()
    return [item for item in items if isinstance(item, str)]


def remember(state_dir: Path, passed: Iterable[str], failed: Iterable[str] = ()) -> None:
    """Remember that these passed, forget those that failed, keep the latest others of this boot.

    A crash in between leaves the old file; so does a folder that can't be written, as another
    user's: what is not remembered is proved again.
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
