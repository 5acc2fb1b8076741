"""Who may do what, over HTTP: scopes, rates, shares, wrong keys, and what is told to whom."""

from __future__ import annotations

import asyncio
import base64
from pathlib import Path
from typing import Any

import pytest
from aiohttp import WSServerHandshakeError
from structlog.testing import capture_logs

from orchestrator.access.model import Key, Scope, digest_of
from orchestrator.api import keys
from orchestrator.api.callers.callers import RATES
from orchestrator.api.callers.guesses import MOST_ADDRESSES, WINDOW_S, Guesses
from orchestrator.api.callers.rates import Rates
from orchestrator.app import build_app
from orchestrator.cli.key_file import Rights, add_key, remove_key
from orchestrator.jobs.job import ActiveJob
from orchestrator.jobs.model import Phase
from orchestrator.jobs.queue.admission import Admission
from orchestrator.settings.consistency import least_held_mb
from tests.admin_support import ADMIN, ADMIN_KEY, ask, serve, until
from tests.api_support import (
    BEARER,
    KEY,
    NAME,
    PRINT,
    SECOND_KEY,
    SECOND_NAME,
    Serve,
    StubService,
    make_settings,
    post,
)
from tests.components_support import FakeComponents
from tests.sandbox_support import DEADLINE_S

SECOND = {"Authorization": f"Bearer {SECOND_KEY}"}
WRONG = {"Authorization": "Bearer nobody's key"}
SLEEP = {"language": "sh", "code": "sleep 50", "timeout": 55_000}
HELLO = {"language": "sh", "code": "echo hello"}
PISTON = {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}
FIGURES = {"slots", "pool", "compile_cache", "since_start", "last_15_minutes"}


def make_key(name: str, *scopes: Scope, **fields: Any) -> tuple[Key, dict[str, str]]:
    """A key, and the header that has it."""
    key = Key(name, digest_of(name.encode()), frozenset(scopes), **fields)
    return key, {"Authorization": f"Bearer {name}"}


async def start(aiohttp_client: Any, **settings: Any) -> Any:
    return await serve(aiohttp_client, build_app(make_settings(**settings), FakeComponents().open))


async def run(client: Any, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
    async with client.post("/execute", json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json()
        return answer


@pytest.mark.parametrize("slots", [2, 4])
async def test_one_key_s_sleepers_don_t_keep_another_key_s_hello_waiting(
    aiohttp_client: Any, slots: int
) -> None:
    """What was found: sleepers in every slot, and a hello that waited for one to end."""
    client = await start(aiohttp_client, max_jobs=slots, max_queue=40)
    sleepers = [asyncio.create_task(run(client, SLEEP, BEARER)) for _ in range(20)]
    await until(lambda: len(client.app[keys.SERVICE].jobs()) == len(sleepers))
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(5):
            assert (await run(client, HELLO, SECOND))["output"] == "hello\n"
    assert client.app[keys.ADMISSION].waiting >= len(sleepers) - slots
    for sleeper in sleepers:
        sleeper.cancel()
    await asyncio.wait(sleepers)


async def test_one_user_s_sleepers_don_t_keep_another_user_of_the_same_key_waiting(
    aiohttp_client: Any,
) -> None:
    client = await start(aiohttp_client, api_key=KEY, max_jobs=3, max_queue=40)
    mine, yours = BEARER | {"X-Client-Id": "user-1"}, BEARER | {"X-Client-Id": "user-2@example.org"}
    sleepers = [asyncio.create_task(run(client, SLEEP, mine)) for _ in range(10)]
    await until(lambda: len(client.app[keys.SERVICE].jobs()) == len(sleepers))
    async with asyncio.timeout(DEADLINE_S):
        for _ in range(5):
            assert (await run(client, HELLO, yours))["output"] == "hello\n"
    for sleeper in sleepers:
        sleeper.cancel()
    await asyncio.wait(sleepers)


async def test_one_key_s_large_requests_leave_room_for_another_key_s(aiohttp_client: Any) -> None:
    settings = make_settings(max_body_size=1 << 20, max_input_size=1 << 20, max_tests_size=1 << 20)
    least = least_held_mb(vars(settings))
    client = await start(
        aiohttp_client,
        max_body_size=1 << 20,
        max_input_size=1 << 20,
        max_tests_size=1 << 20,
        max_held_mb=least,
        max_queue=400,
    )
    held, admission = client.app[keys.MEMORY_BUDGETS].requests, client.app[keys.ADMISSION]
    is_done = asyncio.Task.done

    def accepted() -> int:
        return admission.active + admission.waiting

    sleepers: list[asyncio.Task[Any]] = []
    for size in (1_000_000, 100_000, 10_000, 1000, 1):  # until not even that is taken
        refused = sum(task.done() for task in sleepers)
        while sum(task.done() for task in sleepers) == refused:
            body = SLEEP | {"input": "x" * size}
            sleepers.append(asyncio.create_task(run(client, body, BEARER)))
            await until(lambda: accepted() + sum(map(is_done, sleepers)) == len(sleepers))
    assert held.used_bytes > held.max_bytes // 2
    for _ in range(3):
        assert (await run(client, HELLO, SECOND)).get("output") == "hello\n"
    for sleeper in sleepers:
        sleeper.cancel()
    await asyncio.wait(sleepers)


@pytest.mark.parametrize("client_id", ["", "x" * 65, "a b", "a\tb", "é", "a,b", "../x?"])
async def test_a_client_id_is_short_and_plain(serve: Serve, client_id: str) -> None:
    client = await serve()
    headers = BEARER | {"X-Client-Id": client_id}
    async with client.post("/execute", json=PRINT, headers=headers) as response:
        assert response.status == (400 if client_id else 200)
        if client_id:
            assert (await response.json())["details"][0]["field"] == "X-Client-Id"


async def test_a_key_may_do_what_its_scopes_say(serve: Serve) -> None:
    key, headers = make_key("reader", Scope.JOBS, Scope.PROBLEMS_READ)
    client = await serve(keys=[key])
    for method, path, body in (
        ("POST", "/execute", PRINT),
        ("GET", "/execute/ws", None),
        ("POST", "/api/v2/execute", PISTON),
        ("POST", "/api/v2/packages", {"language": "python", "version": "*"}),
    ):
        async with client.request(method, path, json=body, headers=headers) as response:
            assert response.status == 403, path
            answer = await response.json()
        said = answer.get("error") or answer["message"]
        assert said == "This key (reader) lacks the scope run"
        assert response.headers["WWW-Authenticate"].endswith(
            'error="insufficient_scope", scope="run"'
        )
    with pytest.raises(WSServerHandshakeError) as raised:
        await client.ws_connect("/api/v2/connect", headers=headers)
    assert raised.value.status == 403
    async with client.get("/api/v2/runtimes", headers=headers) as response:
        assert response.status == 200


async def test_a_key_that_may_run_programs_does_whichever_door_it_takes(serve: Serve) -> None:
    service = StubService()
    key, headers = make_key("course", Scope.RUN)
    client = await serve(service, keys=[key])
    for path, body in (("/execute", PRINT), ("/api/v2/execute", PISTON)):
        async with client.post(path, json=body, headers=headers) as response:
            assert response.status == 200
    coded = base64.urlsafe_b64encode(b"course").decode().rstrip("=")
    protocols = [f"codebae.key.{coded}", "codebae.v1"]
    ws = await client.ws_connect("/execute/ws", protocols=protocols)
    await ws.send_json(PRINT)
    while not (await ws.receive()).type.name.startswith("CLOS"):
        pass
    assert [ticket.key for ticket in service.tickets] == ["course"] * 3


async def test_a_rate_is_told_and_held_at_every_door(serve: Serve) -> None:
    service = StubService()
    slow, slow_headers = make_key("slow", Scope.RUN, rate=3)
    other, other_headers = make_key("other", Scope.RUN, rate=3)
    client = await serve(service, keys=[slow, other])
    left = []
    for path, body in (("/execute", PRINT), ("/execute", {}), ("/api/v2/execute", PISTON)):
        async with client.post(path, json=body, headers=slow_headers) as response:
            assert response.status in {200, 400}
            left.append(response.headers["RateLimit-Remaining"])
            assert response.headers["RateLimit-Limit"] == "3"
            assert response.headers["RateLimit-Policy"] == "3;w=60"
            assert 1 <= int(response.headers["RateLimit-Reset"]) <= 60
    assert left == ["2", "1", "0"]
    for path, body in (("/execute", PRINT), ("/api/v2/execute", PISTON)):
        async with client.post(path, json=body, headers=slow_headers) as response:
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 60
            assert response.headers["RateLimit-Remaining"] == "0"
            if path == "/execute":
                assert (await response.json())["code"] == "rate_limited"
    with pytest.raises(WSServerHandshakeError) as raised:
        await client.ws_connect("/execute/ws", headers=slow_headers)
    assert raised.value.status == 429
    assert len(service.submissions) == 2
    async with client.post("/execute", json=PRINT, headers=other_headers) as response:
        assert response.headers["RateLimit-Remaining"] == "2"
    assert "RateLimit-Limit" not in (await post(client))[2]  # without a rate there is none to tell


def test_a_rate_is_of_any_minute_and_of_the_key_as_it_is() -> None:
    now = 0.0
    rates = Rates(clock=lambda: now)
    key, _ = make_key("a", rate=2)
    assert [rates.take(key)[1] for _ in range(3)] == [True, True, False]
    now = 30.0
    quota, is_allowed = rates.take(key)
    assert (is_allowed, quota and quota.reset_s) == (False, 30)
    now = 60.1
    assert [rates.take(key)[1] for _ in range(3)] == [True, True, False]
    faster, _ = make_key("a", rate=5)
    assert rates.take(faster)[1]
    rates.forget_all_but([])
    assert not rates._buckets  # noqa: SLF001 - what is not kept shows nowhere
    assert rates.take(make_key("a")[0]) == (None, True)


ROUTES = (
    ("POST", "/execute"),
    ("GET", "/execute/ws"),
    ("GET", "/stats"),
    ("POST", "/api/v2/execute"),
    ("GET", "/api/v2/runtimes"),
    ("GET", "/api/v2/connect"),
    ("GET", "/admin/jobs"),
    ("POST", "/admin/drain"),
)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_wrong_keys_leave_a_trace_and_soon_are_refused_and_right_ones_never(
    aiohttp_client: Any, method: str, path: str
) -> None:
    client = await start(aiohttp_client, admin_key=ADMIN_KEY, max_wrong_keys=3)
    statuses = []
    with capture_logs() as logs:
        for number in range(6):
            guess = {"Authorization": f"Bearer guess {number}"}
            async with client.request(method, path, headers=guess, json={}) as response:
                statuses.append(response.status)
                if response.status == 429:
                    assert 1 <= int(response.headers["Retry-After"]) <= WINDOW_S
                    text = await response.text()
                    assert "Too many wrong keys came from this address" in text
    assert statuses == [401] * 3 + [429] * 3
    traces = [line for line in logs if line["event"] in {"wrong_key", "throttled"}]
    assert [line["event"] for line in traces] == ["wrong_key"] * 3 + ["throttled"]
    assert {(line["client"], line["path"]) for line in traces} == {("127.0.0.1", path)}
    assert "guess" not in str(logs)
    requests = [line for line in logs if line["event"] == "request"]
    assert [line["status"] for line in requests if line["log_level"] == "info"] == statuses
    assert {line["client"] for line in requests} == {"127.0.0.1"}
    assert (await ask(client, "GET", "/admin/jobs"))[0] == 200
    assert (await run(client, HELLO, BEARER))["output"] == "hello\n"


async def test_a_key_that_runs_programs_is_no_way_around_it(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, admin_key=ADMIN_KEY, max_wrong_keys=2)
    statuses = []
    for number in range(4):
        headers = BEARER | {"X-Api-Key": f"guess {number}"}
        async with client.get("/admin/jobs", headers=headers) as response:
            statuses.append(response.status)
    assert statuses == [403, 403, 429, 429]


async def test_who_sends_no_key_guesses_none(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, max_wrong_keys=1)
    for _ in range(5):
        async with client.post("/execute", json=HELLO) as response:
            assert response.status == 401
        async with client.get("/stats") as response:
            assert response.status == 200


def test_guesses_are_counted_by_address_for_a_minute_in_a_table_that_is_bounded() -> None:
    now = 0.0
    guesses = Guesses(2, clock=lambda: now)
    assert [guesses.add("192.0.2.1") for _ in range(3)] == [(1, 0), (2, 0), (3, 60)]
    now = 59.5
    assert guesses.add("192.0.2.1") == (4, 1)
    assert guesses.add("192.0.2.2") == (1, 0)
    now = 60.0
    assert guesses.add("192.0.2.1") == (1, 0)
    assert [guesses.add(f"2001:db8::{n}")[1] for n in range(3)] == [0, 0, 60]  # one client's
    for number in range(2 * MOST_ADDRESSES):
        guesses.add(f"10.0.{number >> 8}.{number & 255}")
    assert len(guesses._tallies) == MOST_ADDRESSES  # noqa: SLF001 - the bound itself
    assert all(Guesses(0).add("192.0.2.1")[1] == 0 for _ in range(1000))


async def test_stats_tell_each_what_is_theirs(serve: Serve) -> None:
    course, course_headers = make_key("course", Scope.RUN)
    watcher, watcher_headers = make_key("watcher", Scope.METRICS)
    active = tuple(
        ActiveJob(f"job of {owner}", "c", 12, Phase.RUNNING, owner) for owner in (NAME, "course")
    )
    client = await serve(
        StubService(active=active),
        settings=make_settings(admin_key=ADMIN_KEY),
        keys=[course, watcher],
    )

    async def stats(headers: dict[str, str]) -> tuple[set[str], set[str]]:
        async with client.get("/stats", headers=headers) as response:
            assert response.status == 200
            answer = await response.json()
        assert answer["activeJobs"] == 2
        return {job["id"] for job in answer["jobs"]}, set(answer) - {"activeJobs", "jobs"}

    everybody_s = {f"job of {NAME}", "job of course"}
    assert await stats({}) == (set(), set())
    assert await stats(course_headers) == ({"job of course"}, set())
    for headers in (watcher_headers, BEARER, ADMIN):
        assert await stats(headers) == (everybody_s, FIGURES)
    async with client.get("/stats", headers=WRONG) as response:
        assert (response.status, (await response.json())["code"]) == (401, "unauthorized")


async def test_what_everybody_may_ask_tells_of_nobody(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, admin_key=ADMIN_KEY)
    sleeper = asyncio.create_task(run(client, SLEEP, BEARER))
    await until(lambda: len(client.app[keys.SERVICE].jobs()) == 1)
    (job,) = client.app[keys.SERVICE].jobs()
    secrets = [job.id, NAME, SECOND_NAME, KEY, ADMIN_KEY, "codebae-"]
    for path in ("/health", "/stats", "/languages", "/piston"):
        async with client.get(path) as response:
            text = await response.text()
        assert not {"Server", "X-Powered-By", "RateLimit-Limit"} & set(response.headers), path
        assert [secret for secret in secrets if secret in text] == [], path
    sleeper.cancel()
    await asyncio.wait([sleeper])


async def test_lines_of_the_log_name_client_and_key(aiohttp_client: Any) -> None:
    client = await start(aiohttp_client, admin_key=ADMIN_KEY, trusted_proxies="127.0.0.1")
    with capture_logs() as logs:
        await run(client, HELLO, BEARER | {"X-Forwarded-For": "192.0.2.7"})
        await ask(client, "GET", "/admin/jobs")
        async with client.get("/languages"):
            pass
    lines = [(line["path"], line["client"], line["key"]) for line in logs if "path" in line]
    assert lines[0] == ("/execute", "192.0.2.7", NAME)
    assert lines[1][2].startswith("admin-")
    assert lines[2] == ("/languages", "127.0.0.1", None)
    assert [line["key"] for line in logs if line["event"] == "job"] == [NAME]


async def test_a_key_of_the_file_comes_and_goes_and_takes_its_jobs_along(
    aiohttp_client: Any, tmp_path: Path
) -> None:
    path = tmp_path / "keys.toml"
    first = add_key(path, "first", Rights(rate=5))
    client = await start(aiohttp_client, keys_file=str(path), max_jobs=4)
    app = client.app
    second = {"X-Api-Key": add_key(path, "second", Rights())}
    await until(lambda: len(app[keys.RING].keys) == 4)
    assert (await run(client, HELLO, second))["output"] == "hello\n"
    bystander = asyncio.create_task(run(client, SLEEP, BEARER))
    sleepers = [asyncio.create_task(run(client, SLEEP, {"X-Api-Key": first})) for _ in range(2)]
    await until(lambda: len(app[keys.SERVICE].jobs()) == 3)
    assert {job.owner for job in app[keys.SERVICE].jobs()} == {NAME, "first"}

    remove_key(path, "first")
    async with asyncio.timeout(DEADLINE_S):
        answers = await asyncio.gather(*sleepers)
    assert [answer["status"] for answer in answers] == ["cancelled"] * 2
    async with client.post("/execute", json=HELLO, headers={"X-Api-Key": first}) as response:
        assert response.status == 401
    assert not app[RATES]._buckets  # noqa: SLF001 - what is not kept shows nowhere
    assert not bystander.done()
    bystander.cancel()
    await asyncio.wait([bystander])


async def test_a_key_revoked_while_a_body_comes_gets_nothing_run(
    aiohttp_client: Any, tmp_path: Path
) -> None:
    path = tmp_path / "keys.toml"
    headers = {"X-Api-Key": add_key(path, "first", Rights()), "Content-Type": "application/json"}
    client = await start(aiohttp_client, keys_file=str(path))
    is_revoked = asyncio.Event()

    async def slowly() -> Any:
        yield b'{"language": "sh", '
        await is_revoked.wait()
        yield b'"code": "echo hello"}'

    async def send() -> tuple[int, str]:
        async with client.post("/execute", data=slowly(), headers=headers) as response:
            return response.status, (await response.json())["details"][0]["message"]

    sending = asyncio.create_task(send())
    admission: Admission = client.app[keys.ADMISSION]
    await until(lambda: bool(admission._tickets))  # noqa: SLF001 - it is being read
    remove_key(path, "first")
    await until(lambda: not admission.expects("first"))
    is_revoked.set()
    assert await sending == (401, "this key has been revoked")
