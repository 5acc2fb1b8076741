"""A real server, asked at random after its own description: `make fuzz`.

Fails on a 5xx, on an answer that is not in the description, and on fewer than 2000 cases.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from tests.docker.fuzzing.run import ADMIN_KEY, fuzz
from tests.docker.server import running_server

CASES = 2000
PER_OPERATION = 120


async def main() -> int:
    """What to exit with."""
    with tempfile.TemporaryDirectory() as state:
        settings = {"ADMIN_KEY": ADMIN_KEY, "LOG_LEVEL": "error", "MAX_WRONG_KEYS": "0"}
        async with running_server(Path(state), **settings) as server:
            found = await fuzz(server.url, PER_OPERATION)
            verdicts = (await server.get("/stats"))[1]["since_start"]["verdicts"]
    sys.stdout.write(f"{found.output}\n{found.cases} cases; programs: {verdicts}\n")
    return found.status or int(found.cases < CASES)


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
