"""A server asked at random, after its own description; `make fuzz` asks far more."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.docker.fuzzing.run import ADMIN_KEY, fuzz
from tests.docker.server import running_server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.skipif("FUZZ" not in os.environ, reason="takes minutes; FUZZ=1, or `make fuzz`"),
]


@pytest.mark.timeout(300)
async def test_nothing_is_answered_that_is_not_described(tmp_path: Path) -> None:
    async with running_server(tmp_path, ADMIN_KEY=ADMIN_KEY, LOG_LEVEL="error") as server:
        found = await fuzz(server.url, 3)
        assert found.status == 0, found.output
        assert found.cases > 500
        assert "No tests were run" not in found.output
        verdicts = (await server.get("/stats"))[1]["since_start"]["verdicts"]
        assert {"accepted", "compile_error", "runtime_error"} <= set(verdicts)

        description = (await server.get("/openapi.json"))[1]
        del description["paths"]["/admin/builds/{id}"]["get"]["responses"]["404"]
        spoiled = tmp_path / "spoiled.json"
        spoiled.write_text(json.dumps(description))
        only = ("--include-path", "/admin/builds/{id}", "--phases", "fuzzing")
        found = await fuzz(server.url, 3, *only, description=spoiled)
        assert found.status == 1, found.output
        assert "Received: 404" in found.output
