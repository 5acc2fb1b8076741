"""schemathesis against a server that runs, after its own description."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.docker.server import API_KEY

ADMIN_KEY = "fuzzing-admin-key"
ROOT = Path(__file__).resolve().parents[3]
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
)


@dataclass(frozen=True)
class Found:
    """How many cases were sent, what schemathesis says of them, and 0 when nothing was wrong."""

    cases: int
    output: str
    status: int


async def fuzz(url: str, per_operation: int) -> Found:
    """The edge cases of each operation, and so many random ones, after the server's own words."""
    command = [
        *("st", "run", f"{url}/openapi.json", "--url", url, "--exclude-tag", "Piston"),
        *("--checks", ",".join(CHECKS), "--phases", "coverage,fuzzing", "--seed", "1"),
        *("--max-examples", str(per_operation), "--continue-on-failure", "--no-shrink"),
        *("--request-timeout", "60", "--generation-database", "none", "--warnings", "off"),
        *("--suppress-health-check", "all"),
    ]
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name(command[0])),
        *command[1:],
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
        env={
            **os.environ,
            "SCHEMATHESIS_HOOKS": "tests.docker.fuzzing.hooks",
            "PYTHONPATH": str(ROOT),
            "RUNNER_URL": url,
            "API_KEY": API_KEY,
            "ADMIN_KEY": ADMIN_KEY,
        },
    )
    output = (await process.communicate())[0].decode()
    status = process.returncode
    assert status is not None
    return Found(_count(output), output, status)


def _count(output: str) -> int:
    found = re.search(r"([\d,]+) generated", output)
    return int(found[1].replace(",", "")) if found else 0
