"""Which version of its API is spoken with an engine: what both know, and what becomes of others."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from docker.transport import UnixHTTPAdapter
from structlog.testing import capture_logs

from orchestrator.engine import reach
from orchestrator.engine.attach import attach
from orchestrator.engine.client import EngineClient
from orchestrator.engine.reach import NEWEST_API, api_version
from orchestrator.errors import EngineError, EngineUnavailableError, EngineVersionError
from tests.fake_engine import Answer, FakeEngine, fake_engine, offer, refuse, say
from tests.sandbox_support import DEADLINE_S

OLD = offer("19.03.15", "1.12", "1.40")
DEBIAN_12 = offer("20.10.24", "1.12", "1.41")
DEBIAN_13 = offer("26.1.5", "1.24", "1.45")
STRICT = offer("29.0.0", "1.44", "1.52")
FUTURE = offer("99.1", "9.1", "9.9")
OURS = ".".join(map(str, NEWEST_API))


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as engine:
        engine.answers["GET /info"] = Answer(200, {"ID": "e"})
        yield engine


@pytest.fixture
async def client(fake: FakeEngine) -> AsyncIterator[EngineClient]:
    engine = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=2)
    yield engine
    await engine.close()


@pytest.mark.parametrize(
    ("offered", "version"),
    [
        (DEBIAN_12, "1.41"),
        (DEBIAN_13, "1.45"),
        (STRICT, OURS),
        (offer("28", "1.24", OURS), OURS),
        (offer("x", OURS, "9.9"), OURS),
        (offer("x", "", "1.41"), "1.41"),
        ({"ApiVersion": "1.43"}, "1.43"),
        (offer("x", "1.9", "1.100"), OURS),  # numbers, no text
    ],
)
def test_the_newest_version_that_both_know_is_spoken(offered: Any, version: str) -> None:
    assert api_version(offered) == (version, "")


@pytest.mark.parametrize(
    ("offered", "words"),
    [
        (OLD, ("Docker 19.03.15 is too old", "API 1.40", "1.41", "install Docker 20.10")),
        (offer("x", "1.1", "1.9"), ("Docker x is too old", "1.9")),
        (FUTURE, ("Docker 99.1 is too new", "API 9.1", OURS, "newer codebae-runner")),
        (FUTURE, (f"DOCKER_MIN_API_VERSION={OURS}",)),
        ({}, ("does not say",)),
        ({"ApiVersion": "latest"}, ("does not say",)),
    ],
)
def test_without_a_common_api_version_the_error_names_both_and_the_remedy(
    offered: Any, words: tuple[str, ...]
) -> None:
    version, why_not = api_version(offered)
    assert version == ""
    assert all(word in why_not for word in words)


async def test_calls_and_the_attach_stream_use_the_negotiated_version_which_is_asked_for_once(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.offer = DEBIAN_13
    await asyncio.gather(*(client.create_container(f"box{each}", {}) for each in range(5)))
    await client.update_limits("box1", 1 << 26, 4)
    version = await client.api_version()
    stream = await attach(client.socket_path, "box1", version=version, timeout_s=DEADLINE_S)
    await stream.abort()
    assert {request.version for request in fake.requests} == {"1.45"}
    assert (len(fake.requests), fake.asked) == (7, 1)


@pytest.mark.parametrize("offered", [OLD, FUTURE])
async def test_an_engine_that_can_not_be_spoken_with_is_refused_by_name(
    fake: FakeEngine, client: EngineClient, offered: Any
) -> None:
    fake.offer = offered
    with pytest.raises(EngineVersionError, match=rf"at {fake.socket}: Docker {offered['Version']}"):
        await client.info()
    with pytest.raises(EngineVersionError, match="is too"):
        await client.ping()
    assert [str(each) for each in fake.requests] == ["GET /_ping"]
    fake.offer = DEBIAN_12  # as its owner has replaced it
    await client.ping()
    assert await client.info() == {"ID": "e"}


@pytest.mark.parametrize("act", ["call", "update"])
@pytest.mark.parametrize(("before", "after"), [(DEBIAN_12, STRICT), (STRICT, DEBIAN_12)])
async def test_an_engine_that_was_replaced_is_asked_again_at_the_first_call_it_refuses(
    fake: FakeEngine, client: EngineClient, act: str, before: Any, after: Any
) -> None:
    fake.containers["box"] = {}
    fake.offer = before
    await client.info()
    fake.offer = after
    if act == "call":
        assert await client.info() == {"ID": "e"}
    else:
        await client.update_limits("box", 1 << 26, 4)
    assert fake.requests[-1].version == api_version(after)[0]
    assert fake.asked == 2


async def test_a_ping_reports_a_replaced_engine_once(
    fake: FakeEngine, client: EngineClient
) -> None:
    offers = (DEBIAN_12, DEBIAN_12, DEBIAN_13, DEBIAN_13, STRICT)
    for before, offered in itertools.pairwise((DEBIAN_12, *offers)):
        fake.offer = offered
        if offered != before:  # said once: all that was known of it is another's
            with pytest.raises(EngineUnavailableError, match="Another engine has taken"):
                await client.ping()
            with pytest.raises(EngineUnavailableError, match="Another engine has taken"):
                await client.info()
        await client.ping()
        await client.info()
    assert [request.version for request in fake.requests if request.version] == [
        *("1.41", "1.41"),
        *("1.45", "1.45"),
        OURS,
    ]
    assert fake.asked == 3


async def test_a_changed_api_version_is_logged_at_info_and_the_first_at_debug(
    fake: FakeEngine, client: EngineClient
) -> None:
    with capture_logs() as logs:
        for offered in (DEBIAN_12, STRICT):
            fake.offer = offered
            await client.info()
    spoken = [each for each in logs if each["event"] == "engine_speaks"]
    assert [(each["log_level"], each["api"]) for each in spoken] == [
        ("debug", "1.41"),
        ("info", OURS),
    ]


async def test_a_replaced_engine_that_is_too_old_is_said_by_the_next_ping(
    fake: FakeEngine, client: EngineClient
) -> None:
    await client.ping()
    fake.offer = OLD
    with pytest.raises(EngineUnavailableError, match="Another engine"):
        await client.ping()
    for _ in range(2):
        with pytest.raises(EngineUnavailableError, match="too old"):
            await client.ping()
        with pytest.raises(EngineUnavailableError, match="too old"):
            await client.info()


async def test_a_new_client_uses_the_negotiated_version(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.offer = STRICT
    made = await client.new_client(UnixHTTPAdapter(f"http+unix://{fake.socket}"))
    assert made.api_version == OURS
    made.close()


async def test_a_thread_closes_its_client_when_the_api_version_changes(
    fake: FakeEngine,
) -> None:
    client = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=1)
    for offered in (DEBIAN_12, DEBIAN_13, STRICT):
        fake.offer = offered
        await client.info()
    assert [each.api_version for each in client._clients] == [OURS]  # noqa: SLF001 - seen nowhere else
    await client.close()


async def test_an_invalid_answer_to_get_version_is_an_engine_error(
    fake: FakeEngine, client: EngineClient
) -> None:
    for said, why in ((b"hello", "not say its version, but b'hello'"), (b"[]", "is no Docker")):
        fake.answers["GET /version"] = say(b"HTTP/1.1 200 OK\r\n\r\n" + said)
        with pytest.raises(EngineError, match=why):
            await client.info()


async def test_look_reports_an_engine_that_is_too_old_or_too_new(fake: FakeEngine) -> None:
    for offered, words in ((OLD, "too old"), (FUTURE, "too new"), (STRICT, "")):
        fake.offer = offered
        answers, remark = await asyncio.to_thread(reach.look, str(fake.socket))
        assert (answers, words in remark, bool(remark)) == (True, True, bool(words))


async def test_other_errors_with_status_400_do_not_renegotiate(
    fake: FakeEngine, client: EngineClient
) -> None:
    fake.answers["GET /info"] = refuse(400, "client is too old for this")
    with pytest.raises(EngineError, match="too old for this") as caught:
        await client.info()
    assert not isinstance(caught.value, EngineVersionError)
    assert (fake.asked, len(fake.requests)) == (1, 1)
