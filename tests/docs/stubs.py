"""Programs that can't be had in a test: they note how they are called, and do the inner command.

`check` says what is wrong with a call, by what this repository knows: compose.yaml's services, the
settings, the options.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from orchestrator.settings import Settings
from tests.checkout import ROOT

_NOTE = """#!/bin/sh
{ printf '%s\\t' "${0##*/}" "$@"; echo; } >>"${0%/*}/calls"
"""
_STUBS = {
    # What is asked of a container is done here, with the `python` of the clone for the image's.
    "docker": 'PATH=$PWD/.venv/bin:$PATH; [ "$1" != exec ] || { shift 2; exec "$@"; }\n',
    "flyctl": 'PATH=$PWD/.venv/bin:$PATH; [ "$1 $2" != "ssh console" ] || exec sh -c "$4"\n',
    "uv": "",
    # Measuring takes minutes; whether the program takes what it is given shows without.
    "python": 'exec .venv/bin/python "$@" --help\n',
}


def write_stubs(folder: Path, names: Iterable[str]) -> None:
    """Put those of these programs where PATH will find them."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text(_NOTE + _STUBS[name])
        (folder / name).chmod(0o755)


def calls(folder: Path) -> list[list[str]]:
    """Every call, the program's name first."""
    noted = folder / "calls"
    lines = noted.read_text().splitlines() if noted.exists() else []
    return [line.rstrip("\t").split("\t") for line in lines]


def check(call: Sequence[str]) -> None:
    """Raises AssertionError where the real program would make nothing of the call, or the wrong."""
    match call:
        case ["docker", "compose", "up", "--build", *services]:
            assert {*services} <= services_of_compose()
        case ["docker", "compose", "down", "--volumes"]:
            pass
        case ["docker", "exec", _, "python", "-m", "orchestrator", *_]:
            pass
        case ["flyctl", "secrets", "set", setting]:
            name, _, registry = setting.partition("=")
            Settings.model_validate({"api_key": "key", name.lower(): registry})
            assert name.lower() in Settings.model_fields
        case ["flyctl", "ssh", "console", "-C", _]:
            pass
        case ["uv", "pip", "compile", *options]:
            check_lock(options)
        case ["python", "-m", *_]:
            pass
        case _:
            raise AssertionError(f"no stub knows {call}")


def check_lock(options: Sequence[str]) -> None:
    """Its inputs and its output are files of this repository."""
    files = [each for each in options if re.search(r"\.(toml|in|txt)$", each)]
    assert len(files) > 1
    assert options[options.index("--output-file") + 1] in files
    assert [each for each in files if not (ROOT / each).exists()] == []
    assert "--generate-hashes" in options


def services_of_compose() -> set[str]:
    text = (ROOT / "compose.yaml").read_text().partition("\nservices:\n")[2]
    return set(re.findall(r"^  ([a-z-]+):$", text.partition("\nvolumes:\n")[0], re.MULTILINE))
