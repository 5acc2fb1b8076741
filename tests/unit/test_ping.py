from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from orchestrator.engine import client as client_module
from orchestrator.engine.client import EngineClient
from orchestrator.errors import EngineUnavailableError
from tests.fake_engine import Answer, FakeEngine, fake_engine, hang, refuse, say

PING = "GET /_ping"


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as running:
        yield running


@pytest.fixture
async def engine(fake: FakeEngine) -> AsyncIterator[EngineClient]:
    client = EngineClient(fake.url, timeout_s=5, threads=1)
    yield client
    await client.close()


async def test_an_engine_that_is_there_answers(fake: FakeEngine, engine: EngineClient) -> None:
    await engine.ping()
    assert str(fake.requests[-1]) == PING


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (refuse(500, "on fire"), "is not well: it says HTTP/1.1 500"),
        (say(b""), "it says nothing"),
        (hang, "did not answer in"),
    ],
)
async def test_an_engine_that_does_not_answer_a_ping_with_200_is_unavailable(
    fake: FakeEngine,
    engine: EngineClient,
    monkeypatch: pytest.MonkeyPatch,
    answer: Answer,
    message: str,
) -> None:
    monkeypatch.setattr(client_module, "PING_TIMEOUT_S", 0.05)
    fake.answers[PING] = answer
    with pytest.raises(EngineUnavailableError, match=message):
        await engine.ping()


async def test_an_engine_that_is_gone_is_unavailable(tmp_path: Path) -> None:
    engine = EngineClient(f"unix://{tmp_path}/no.sock", timeout_s=5, threads=1)
    with pytest.raises(EngineUnavailableError, match="can't be reached"):
        await engine.ping()
    await engine.close()


async def test_while_the_last_ping_failed_calls_are_refused_and_not_made(
    fake: FakeEngine, engine: EngineClient
) -> None:
    fake.answers["GET /info"] = Answer(200, {"ID": "x"})
    fake.answers[PING] = refuse(500, "on fire")
    with pytest.raises(EngineUnavailableError):
        await engine.ping()
    made = len(fake.requests)
    with pytest.raises(EngineUnavailableError, match="is not well"):
        await engine.info()
    assert len(fake.requests) == made
    del fake.answers[PING]
    await engine.ping()
    assert await engine.info() == {"ID": "x"}
