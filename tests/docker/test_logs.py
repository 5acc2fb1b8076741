"""What a real server logs: ids and outcomes, and nothing that a client or a program said."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.docker.server import BEARER, running_server

pytestmark = pytest.mark.docker

SMALL = {"LANGUAGES": "python", "POOL": "0"}

# Each is said in one place only, so a leak names its source.
SAID = {
    "code": "xcodex",
    "input": "xinputx",
    "stdout": "xstdoutx",
    "stderr": "xstderrx",
    "argument": "xargumentx",
    "variable": "xvariablex",
    "file name": "xfilenamex",
    "field": "xfieldx",
    "wrong key": "xwrongkeyx",
    "query": "xqueryx",
}
KEYS = "xfirstkeyoftestsx,xsecondkeyoftestsx"
CODE = f"""
# {SAID["code"]}
import sys
print({SAID["stdout"]!r}[:-1] + "x", input())
print({SAID["stderr"]!r}[:-1] + "x", file=sys.stderr)
"""


def body(**changes: Any) -> dict[str, Any]:
    return {
        "language": "python",
        "files": [{"name": f"{SAID['file name']}.py", "content": CODE}],
        "input": SAID["input"],
        "args": [SAID["argument"]],
        "env": {SAID["variable"]: SAID["variable"]},
        SAID["field"]: SAID["field"],
    } | changes


@pytest.mark.parametrize("log_format", ["json", pytest.param("text", marks=pytest.mark.thorough)])
async def test_no_line_repeats_what_was_said(tmp_path: Path, log_format: str) -> None:
    path = tmp_path / "log"
    settings = SMALL | {"API_KEY": KEYS, "LOG_LEVEL": "debug", "LOG_FORMAT": log_format}
    key = {"Authorization": "Bearer xsecondkeyoftestsx", "X-Request-Id": "request-1"}
    with path.open("wb") as log:
        async with running_server(tmp_path, log, **settings) as server:

            async def post(
                content: object, headers: dict[str, str], query: str = ""
            ) -> tuple[int, bytes]:
                url = f"/execute{query}"
                async with server.session.post(url, json=content, headers=headers) as answer:
                    return answer.status, await answer.read()

            status, answer = await post(body(), key)
            assert (status, json.loads(answer)["status"]) == (200, "accepted")
            job_id = json.loads(answer)["id"]
            stream = key | {"Accept": "text/event-stream"}
            status, answer = await post(body(), stream, f"?{SAID['query']}=1")
            assert status == 200
            assert SAID["stdout"].encode() in answer
            assert (await post(body(language=SAID["code"]), key))[0] == 400
            assert (await post(body(limits={SAID["field"]: 1}), key))[0] == 400
            assert (await post(body(code=SAID["code"]), key))[0] == 400
            assert (await post(SAID["code"], key))[0] == 400
            assert (await post(body(), BEARER | {"x-api-key": SAID["wrong key"]}))[0] == 401
            assert (await server.get("/no/such/path"))[0] == 404
    text = path.read_text("utf-8")
    assert (job_id if log_format == "json" else job_id[:8]) in text
    assert ("request-1" in text) == (log_format == "json")
    assert "no/such/path" in text
    leaks = [what for what, said in SAID.items() if said in text]
    assert leaks == []
    assert not any(part in text for part in KEYS.split(","))


async def test_a_job_s_line_says_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with path.open("wb") as log:
        async with running_server(tmp_path, log, **SMALL) as server:
            answer = await server.execute(
                language="python", code="while True: pass", limits={"cpu_ms": 100}
            )
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    (job,) = [line for line in lines if line["event"] == "job"]
    (request,) = [line for line in lines if line["event"] == "request"]
    assert job["job_id"] == answer["id"]
    assert (job["status"], job["killed_by"]) == ("time_limit", "cpu")
    assert job["request_id"] == request["request_id"]
    assert (request["path"], request["status"]) == ("/execute", 200)
