"""Running what is written for Node.js."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CLIENT = ROOT / "clients" / "js"
NODE_PATH = f"{ROOT / '.state' / 'node' / 'bin'}{os.pathsep}{os.environ['PATH']}"


def node_env(env: Mapping[str, str]) -> dict[str, str]:
    """The tests' own, with our Node.js first, and nothing said of any runner but what is given."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("RUNNER_")}
    return own | {"PATH": NODE_PATH, "NEXT_TELEMETRY_DISABLED": "1"} | env


async def run(*command: object, cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """What a command that must succeed prints on stdout."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        cwd=cwd,
        env=node_env(env or {}),
    )
    try:
        stdout, stderr = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, f"{stdout.decode()}\n{stderr.decode()}"
    return stdout.decode()
