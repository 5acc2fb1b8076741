"""Clients of Piston's that nobody here wrote: only their base URL is changed."""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.docker.server import API_KEY, Server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.thorough,
]

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".state" / "piston-clients" / "bin" / "python"
DRIVE = ROOT / "tests" / "docker" / "piston_clients" / "drive.py"
REFUSED = "nothing-* runtime is unknown"
RUNTIMES = ["c", "c11", "c23", "c++", "cpp20", "cpp23", "java", "python"]
NO_WHEEL = pytest.mark.skipif(
    sys.version_info >= (3, 13), reason="piston-rspy has no wheel for this Python"
)


async def output_of(*command: object) -> bytes:
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT
    )
    stdout, stderr = await process.communicate()
    assert process.returncode == 0, stderr.decode()
    return stdout


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("client", "refused"),
    [
        ("ultra_piston", "refused"),
        ("ultra_piston_async", "refused"),
        ("aiopyston", REFUSED),
        pytest.param("piston_rspy", f'400 Bad Request: {{"message": "{REFUSED}"}}', marks=NO_WHEEL),
    ],
)
async def test_a_client_works_as_it_is(server: Server, client: str, refused: str) -> None:
    await output_of("scripts/setup-piston-clients")
    results: dict[str, Any] = json.loads(
        await output_of(PYTHON, DRIVE, client, server.url, API_KEY)
    )
    runtimes = results.pop("runtimes")  # with languages that other tests make for themselves
    assert [name for name in runtimes if name in RUNTIMES] == RUNTIMES
    known = [True] * len(runtimes)
    assert results.pop("packages", known) == known
    failed = results.pop("compile error")
    assert "error" in failed.pop("output")
    assert failed == {"code": 1, "signal": None, "compile": 1}
    assert results == {
        "success": {"output": "hi\n", "code": 0, "signal": None, "compile": None},
        "runtime error": {"output": "so far\n", "code": 3, "signal": None, "compile": None},
        "compiled": {"output": "hi", "code": 0, "signal": None, "compile": 0},
        "timeout": {"output": "", "code": None, "signal": "SIGKILL", "compile": None},
        "stdin": {"output": "cba\n", "code": 0, "signal": None, "compile": None},
        "unknown": refused,
    }
