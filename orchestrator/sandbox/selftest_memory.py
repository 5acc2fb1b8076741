"""Remembers which images passed the self-test, for as long as nothing it depends on has changed."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
FILE = "selftest.json"


def fingerprint(engine_info: dict[str, Any], runtime: str, digest: str) -> str:
    """What a pass holds for: this boot, this engine and its version, this runtime, this image."""
    boot = BOOT_ID.read_text("ascii").strip()
    engine = f"{engine_info.get('ID')}/{engine_info.get('ServerVersion')}"
    return f"{boot}/{engine}/{runtime or engine_info.get('DefaultRuntime')}/{digest}"


def passed_before(state_dir: Path) -> frozenset[str]:
    """The fingerprints that passed; none when the file is missing or damaged."""
    try:
        known = json.loads((state_dir / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return frozenset()
    items = known if isinstance(known, list) else ()
    return frozenset(item for item in items if isinstance(item, str))


def remember(state_dir: Path, fingerprints: Iterable[str]) -> None:
    """Replace what is remembered. A crash in between leaves the old file."""
    fresh = state_dir / f"{FILE}.new"
    fresh.write_text(json.dumps(sorted(fingerprints)), "utf-8")
    fresh.replace(state_dir / FILE)
