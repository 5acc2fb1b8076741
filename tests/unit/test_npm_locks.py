from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_lock_files_name_no_host() -> None:
    for lock in ROOT.glob("clients/*/package-lock.json"):
        packages = json.loads(lock.read_text())["packages"]
        assert all("integrity" in each for name, each in packages.items() if is_fetched(name, each))
        assert "://" not in json.dumps([each.get("resolved") for each in packages.values()])


def is_fetched(name: str, package: dict[str, object]) -> bool:
    return name.startswith("node_modules/") and not package.get("link")
