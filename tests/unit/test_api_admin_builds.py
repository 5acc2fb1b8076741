from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from structlog.testing import capture_logs

from orchestrator.api import keys
from orchestrator.api.admin.wire import pretty
from orchestrator.api.sessions import http_stream
from orchestrator.errors import RebuildError
from tests.admin_support import (
    ADMIN,
    ADMIN_KEY,
    ADMIN_NAME,
    Client,
    FakeReconciler,
    ask,
    audit,
    start_workshop,
    until,
)
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_builds import FakeRebuilder

NDJSON = ADMIN | {"Accept": "application/x-ndjson"}
REBUILD = "/admin/languages/sh/rebuild"
EVENTS = ["state", "skipped", "started", "line", "state", "check", "finished", "state", "result"]


@pytest.fixture
def rebuilder() -> FakeRebuilder:
    return FakeRebuilder()


@pytest.fixture
def reconciler() -> FakeReconciler:
    return FakeReconciler()


@pytest.fixture
async def client(
    aiohttp_client: Any, reconciler: FakeReconciler, rebuilder: FakeRebuilder, tmp_path: Path
) -> Client:
    for name in ("sh", "go", "_base"):
        (tmp_path / name).mkdir()
    return await start_workshop(
        aiohttp_client, reconciler, rebuilder, images_dir=tmp_path, answer_timeout=0.2
    )


async def start(client: Client, language: str = "sh", **body: Any) -> dict[str, Any]:
    status, build = await ask(client, "POST", f"/admin/languages/{language}/rebuild", json=body)
    assert status == 202, build
    return build


async def read_log(
    client: Client, build_id: str, query: str = "", **headers: str
) -> list[dict[str, Any]]:
    path = f"/admin/builds/{build_id}/log{query}"
    async with client.get(path, headers=NDJSON | headers) as response:
        assert response.status == 200
        return [json.loads(line) for line in (await response.text()).splitlines()]


async def test_a_rebuild_answers_at_once_and_goes_on(
    client: Client, rebuilder: FakeRebuilder, reconciler: FakeReconciler
) -> None:
    rebuilder.gate.clear()
    with capture_logs() as logs:
        async with client.post(REBUILD, headers=ADMIN) as response:
            build = await response.json()
    assert (response.status, response.headers["Location"]) == (202, f"/admin/builds/{build['id']}")
    assert audit(logs) == [("language.rebuild", "sh", ADMIN_NAME, "done", None)]
    assert (build["language"], build["requested_by"]) == ("sh", ADMIN_NAME)
    assert build["state"] in {"queued", "building"}
    assert (build["ended"], build["error"], build["checks"]) == (None, None, [])
    rebuilder.gate.set()
    await read_log(client, build["id"])
    status, build = await ask(client, "GET", f"/admin/builds/{build['id']}")
    assert (status, build["state"], build["version"]) == (200, "succeeded", "1.2")
    assert build["checks"] == [{"name": "go/hello", "passed": True, "detail": "", "first_try": ""}]
    assert build["created"] <= build["started"] <= build["ended"]
    assert reconciler.promoted == ["sh"]
    assert rebuilder.calls == [("sh", False)]


async def test_a_rebuild_without_the_cache(client: Client, rebuilder: FakeRebuilder) -> None:
    await read_log(client, (await start(client, no_cache=True))["id"])
    assert rebuilder.calls == [("sh", True)]


@pytest.mark.parametrize("body", [{"no_cache": 1}, {"no_cache": "yes"}, {"cache": True}])
async def test_what_a_rebuild_does_not_know_is_refused(
    client: Client, rebuilder: FakeRebuilder, body: dict[str, Any]
) -> None:
    status, answer = await ask(client, "POST", REBUILD, json=body)
    assert (status, answer["details"][0]["field"]) == (400, next(iter(body)))
    assert rebuilder.calls == []


@pytest.mark.parametrize("name", ["nowhere", "_base", "SH", "..%2fsh", "sh%00", "%F0%9F"])
async def test_a_language_without_a_folder_is_not_built(
    client: Client, rebuilder: FakeRebuilder, name: str
) -> None:
    status, answer = await ask(client, "POST", f"/admin/languages/{name}/rebuild")
    assert (status, answer["code"]) == (404, "unknown_language")
    assert rebuilder.calls == []


async def test_a_second_rebuild_of_a_language_is_refused_and_of_another_waits(
    client: Client, rebuilder: FakeRebuilder
) -> None:
    rebuilder.gate.clear()
    first = await start(client)
    with capture_logs() as logs:
        status, answer = await ask(client, "POST", REBUILD)
    assert (status, answer["code"]) == (409, "busy")
    assert audit(logs) == [("language.rebuild", "sh", ADMIN_NAME, "refused", "busy")]
    second = await start(client, "go")
    listed = (await ask(client, "GET", "/admin/builds"))[1]["builds"]
    assert [(each["id"], each["state"]) for each in listed] == [
        (second["id"], "queued"),
        (first["id"], "building"),
    ]
    assert "checks" not in listed[0]


@pytest.mark.parametrize(
    ("accept", "content_type"),
    [
        ("application/x-ndjson", "application/x-ndjson"),
        ("text/event-stream", "text/event-stream"),
        ("text/plain", "text/plain"),
    ],
)
async def test_a_rebuild_s_log_comes_as_it_is_asked_for(
    client: Client, accept: str, content_type: str
) -> None:
    async with client.post(REBUILD, headers=ADMIN | {"Accept": accept}) as response:
        text = await response.text()
        assert (response.status, response.content_type) == (202, content_type)
    build_id = response.headers["Location"].rpartition("/")[2]
    async with client.get(
        f"/admin/builds/{build_id}/log", headers=ADMIN | {"Accept": accept}
    ) as response:
        assert (response.status, response.content_type) == (200, content_type)
        assert await response.text() == text
    if accept == "application/x-ndjson":
        events = [json.loads(line) for line in text.splitlines()]
    elif accept == "text/event-stream":
        events = _server_sent(text)
    else:
        assert text == (
            "== building\n_base | up to date\nsh | building\nsh | Step 1/1 : FROM x\n"
            "== proving\nsh | go/hello: passed\nsh | built 1.2\n== succeeded\n"
            "== sh: succeeded: 1.2\n"
        )
        return
    assert [event["event"] for event in events] == EVENTS
    assert [event["number"] for event in events[:-1]] == list(range(8))
    assert (
        events[-1]
        == {"event": "result"} | (await ask(client, "GET", f"/admin/builds/{build_id}"))[1]
    )


def _server_sent(text: str) -> list[dict[str, Any]]:
    """What an event source makes of it; an id is the event's number."""
    events = []
    for block in text.strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n"))
        data = json.loads(fields["data"])
        assert fields["event"] == data["event"]
        assert fields.get("id") == (str(data["number"]) if "number" in data else None)
        events.append(data)
    return events


async def test_a_log_is_text_for_whoever_does_not_say(client: Client) -> None:
    build = await start(client)
    for headers in (ADMIN, ADMIN | {"Accept": "*/*"}, ADMIN | {"Accept": "image/png"}):
        async with client.get(f"/admin/builds/{build['id']}/log", headers=headers) as response:
            assert response.content_type == "text/plain"


async def test_a_log_goes_on_where_it_was_left(client: Client) -> None:
    build_id = (await start(client))["id"]
    whole = await read_log(client, build_id)
    for query, headers, first in (
        ("?from=3", {}, 3),
        ("", {"Last-Event-ID": "3"}, 4),
        ("?from=5", {"Last-Event-ID": "1"}, 5),
        ("?from=99999", {}, 8),
    ):
        assert await read_log(client, build_id, query, **headers) == whole[first:]


@pytest.mark.parametrize("number", ["-1", "1.5", "x", "", "٣", "9" * 30, "0x1"])
async def test_a_number_that_is_none_is_refused(client: Client, number: str) -> None:
    build_id = (await start(client))["id"]
    path = f"/admin/builds/{build_id}/log"
    assert (await ask(client, "GET", path, params={"from": number}))[0] == 400
    if number.isascii() and number:
        headers = ADMIN | {"Last-Event-ID": number}
        assert (await ask(client, "GET", path, headers=headers))[0] == 400


async def test_a_log_comes_as_it_grows_with_a_ping_when_nothing_does(
    client: Client, rebuilder: FakeRebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_stream, "PING_S", 0.02)
    rebuilder.gate.clear()
    build = await start(client)
    seen: list[str] = []
    async with client.get(f"/admin/builds/{build['id']}/log", headers=NDJSON) as response:
        async for line in response.content:
            seen.append(json.loads(line)["event"])
            if seen.count("ping") == 2:
                rebuilder.gate.set()
    assert seen[:5] == [*EVENTS[:4], "ping"]
    assert [event for event in seen if event != "ping"] == EVENTS


async def test_a_fault_of_ours_in_the_middle_cuts_the_log_and_is_logged(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError

    build_id = (await start(client))["id"]
    await read_log(client, build_id)
    monkeypatch.setattr("orchestrator.api.admin.follow.result_envelope", fail)
    with capture_logs() as logs, pytest.raises(aiohttp.ClientError):
        await read_log(client, build_id)
    assert [line["build"] for line in logs if line["event"] == "log_failed"] == [build_id]


async def test_who_hangs_up_does_not_end_the_build(
    client: Client, rebuilder: FakeRebuilder, reconciler: FakeReconciler
) -> None:
    rebuilder.gate.clear()
    with capture_logs() as logs:
        async with client.post(REBUILD, headers=NDJSON) as response:
            await response.content.readline()
            response.close()
        await until(lambda: any(line.get("status") == 0 for line in logs))
    (build,) = (await ask(client, "GET", "/admin/builds"))[1]["builds"]
    assert build["state"] == "building"
    rebuilder.gate.set()
    assert (await read_log(client, build["id"]))[-1]["state"] == "succeeded"
    assert reconciler.promoted == ["sh"]


async def test_a_failed_build_says_why_and_what_is_served_stays(
    client: Client, rebuilder: FakeRebuilder, reconciler: FakeReconciler
) -> None:
    rebuilder.outcome = RebuildError("sh/hello: printed nothing")
    result = (await read_log(client, (await start(client))["id"]))[-1]
    assert (result["state"], result["error"]) == ("failed", "sh/hello: printed nothing")
    assert reconciler.promoted == []
    assert pretty(result) == "== sh: failed: sh/hello: printed nothing\n"


async def test_a_build_is_cancelled_once(
    client: Client, rebuilder: FakeRebuilder, reconciler: FakeReconciler
) -> None:
    rebuilder.gate.clear()
    build = await start(client)
    path = f"/admin/builds/{build['id']}"
    following = asyncio.create_task(read_log(client, build["id"]))
    with capture_logs() as logs:
        assert (await ask(client, "DELETE", path))[0] == 202
        assert (await following)[-1]["state"] == "cancelled"
        status, answer = await ask(client, "DELETE", path)
    assert (status, answer["code"]) == (409, "finished")
    assert audit(logs) == [
        ("build.cancel", build["id"], ADMIN_NAME, "done", None),
        ("build.cancel", build["id"], ADMIN_NAME, "refused", "finished"),
    ]
    assert reconciler.promoted == []


@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("GET", "/log"), ("DELETE", "")])
async def test_an_unknown_build_is_404(client: Client, method: str, tail: str) -> None:
    status, answer = await ask(client, method, f"/admin/builds/%00nothing{tail}")
    assert (status, answer["code"]) == (404, "not_found")


async def test_a_reader_that_reads_nothing_holds_up_nobody_and_is_hung_up_on_in_the_end(
    client: Client, rebuilder: FakeRebuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_stream, "TICK_S", 0.05)
    rebuilder.gate.clear()
    assert client.app is not None
    build = client.app[keys.BUILDS].start("sh", requested_by="test")
    await until(lambda: bool(rebuilder.calls))
    for number in range(1500):
        build.line("sh", f"{number} {'x' * 4000}")
    with socket.socket() as reader, capture_logs() as logs:
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await asyncio.to_thread(reader.connect, ("127.0.0.1", client.port))
        line = f"GET /admin/builds/{build.id}/log HTTP/1.1\r\nHost: x\r\n"
        head = f"{line}x-api-key: {ADMIN_KEY}\r\n\r\n"
        reader.sendall(head.encode())
        await asyncio.sleep(0.5)  # more than ANSWER_TIMEOUT: while the build goes on that is fine
        assert not any(line["event"] == "log_cut" for line in logs)
        assert (await ask(client, "GET", "/health"))[0] == 200
        rebuilder.gate.set()
        async with asyncio.timeout(DEADLINE_S):
            await until(lambda: any(line["event"] == "log_cut" for line in logs))


def test_a_line_for_people_moves_no_cursor() -> None:
    line = pretty({"event": "line", "number": 1, "image": "sh", "text": "a\x1b[2J\r\nb\x07\tc\x9b"})
    assert line == "sh | a\ufffd[2J\ufffd\ufffdb\ufffd\tc\ufffd\n"
    failed = {"event": "check", "image": "sh", "name": "n", "passed": False, "detail": "why\nnot"}
    assert pretty(failed) == "sh | n: FAILED: why\ufffdnot\n"
    again = {**failed, "passed": True, "first_try": "a\x1b[2Jb"}
    assert pretty(again) == "sh | n: passed (second try; first: a\ufffd[2Jb)\n"
    assert pretty({"event": "ping"}) == ""
