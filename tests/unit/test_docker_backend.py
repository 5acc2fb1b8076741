"""The Docker backend against an engine and agents that misbehave as the real ones can't be made to.

What the real engine does is in tests/contract/ and tests/docker/.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator

import pytest

from orchestrator.engine.client import EngineClient
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineError,
    EngineUnavailableError,
    SandboxError,
)
from orchestrator.sandbox.docker import sandbox as docker_sandbox
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.docker.sandbox import HEADROOM_BYTES, DockerSandbox
from orchestrator.sandbox.model import LossReason, SourceFile, StageLoss
from orchestrator.sandbox.spec import LABEL_DEADLINE, LABEL_INSTANCE
from tests.agent_wire import (
    ARTEFACT,
    ERROR,
    MEASURE,
    STARTED,
    cut,
    frame_from_agent,
    pack_memory,
    pack_ready,
)
from tests.fake_engine import (
    Answer,
    FakeEngine,
    Raw,
    Request,
    fake_engine,
    hang,
    refuse,
    say,
    wrap,
)
from tests.sandbox_support import DEADLINE_S, Collector, make_spec, make_stage, make_traits

INSTANCE = "0123456789abcdef"


@pytest.fixture
async def fake() -> AsyncIterator[FakeEngine]:
    async with fake_engine() as engine:
        yield engine


@pytest.fixture
async def backend(fake: FakeEngine) -> AsyncIterator[DockerBackend]:
    client = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=4)
    made = DockerBackend(client, make_traits(INSTANCE))
    yield made
    await made.shutdown()


def agent(*pieces: bytes, until: str = "end") -> Raw:
    """Says it is ready; once it is spoken to, these pieces; then reads to the end, or hangs up."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wrap(pack_ready()))
        if await reader.read(65_536):
            writer.write(b"".join(pieces))
            await writer.drain()
            while until == "end" and await reader.read(65_536):
                pass

    return act


def ends_as(fake: FakeEngine, **state: object) -> None:
    """What inspecting any container says became of it."""
    fake.answers["GET /containers/*/json"] = Answer(
        200, {"State": {"ExitCode": 0, "OOMKilled": False, **state}}
    )


async def run(sandbox: DockerSandbox) -> StageLoss:
    outcome = await sandbox.run_stage(make_stage(), Collector().take)
    assert isinstance(outcome, StageLoss), outcome
    return outcome


async def test_a_sandbox_is_created_attached_and_started_in_this_order(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    sandbox = await backend.open(make_spec())
    calls = [str(request).replace(sandbox.name, "NAME") for request in fake.requests]
    assert calls == [
        "POST /containers/create",
        "POST /containers/NAME/attach",
        "POST /containers/NAME/start",
    ]
    assert fake.requests[0].query == {"name": sandbox.name}
    labels = fake.requests[0].body["Labels"]
    assert labels[LABEL_INSTANCE] == INSTANCE
    assert labels[LABEL_DEADLINE].isdecimal()
    await sandbox.close()
    assert fake.containers == {}


async def test_a_stage_whose_limit_may_move_is_waited_for_as_long(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "AGENT_GRACE_S", 0.0)
    fake.agent = agent(until="hanging up")
    sandbox = await backend.open(make_spec())
    stage = make_stage(wall_ms=1, wall_most_ms=60_000)
    outcome = await sandbox.run_stage(stage, Collector().take)
    assert isinstance(outcome, StageLoss)
    assert "in time" not in outcome.detail


@pytest.mark.parametrize(
    ("call", "answer", "error", "message"),
    [
        pytest.param(
            "POST /containers/create",
            refuse(404, "No such image"),
            EngineError,
            "image",
            id="image",
        ),
        pytest.param(
            "POST /containers/create", say(b""), EngineUnavailableError, "reached", id="hung up"
        ),
        pytest.param(
            "POST /containers/*/attach", refuse(500, "no"), EngineError, "attach", id="attach"
        ),
        pytest.param(
            "POST /containers/*/start", refuse(400, "OCI runtime"), EngineError, "OCI", id="start"
        ),
    ],
)
async def test_an_open_that_the_engine_refuses_leaves_nothing(  # noqa: PLR0913, PLR0917 - columns
    fake: FakeEngine,
    backend: DockerBackend,
    call: str,
    answer: Answer | Raw,
    error: type[Exception],
    message: str,
) -> None:
    fake.answers[call] = answer
    with pytest.raises(error, match=message):
        await backend.open(make_spec())
    assert str(fake.requests[-1]).startswith("DELETE ")
    assert fake.containers == {}


async def test_a_sandbox_lost_before_its_agent_was_ready_is_the_engine_s_fault(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    fake.agent = hang_up
    ends_as(fake, ExitCode=137)
    with pytest.raises(EngineError, match="killed from outside"):
        await backend.open(make_spec())
    assert fake.containers == {}


@pytest.mark.parametrize(
    ("greeting", "message"),
    [
        pytest.param(wrap(pack_ready(version=9)), "version 9.*make images", id="version"),
        pytest.param(wrap(b"Segmentation", 2), r"ended; exit status 70.*Segmentation$", id="crash"),
        pytest.param(
            wrap(frame_from_agent(ERROR, b"no capabilities")), "no capabilities", id="error"
        ),
        pytest.param(b"\x07" + wrap(b"x"), "unknown kind 7", id="no stream of the engine's"),
    ],
)
async def test_an_agent_that_does_not_start_says_why_and_leaves_nothing(
    fake: FakeEngine, backend: DockerBackend, greeting: bytes, message: str
) -> None:
    async def act(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()

    fake.agent = act
    ends_as(fake, ExitCode=70)
    with pytest.raises(SandboxError, match=f"The agent did not start: .*{message}"):
        await backend.open(make_spec())
    assert fake.containers == {}


async def test_an_agent_that_ubuntu_s_snap_does_not_let_start_says_so(fake: FakeEngine) -> None:
    async def refuse_exec(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wrap(b"exec /sandbox/agent: operation not permitted\n", 2))
        await writer.drain()

    fake.agent = refuse_exec
    fake.answers["GET /info"] = Answer(200, {"DockerRootDir": "/var/snap/docker/common/x"})
    ends_as(fake, ExitCode=255)
    client = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=4)
    backend = DockerBackend(client, make_traits(INSTANCE))
    await client.info()
    with pytest.raises(
        SandboxError, match=r"operation not permitted \(.*Ubuntu's snap.*docker\.io"
    ):
        await backend.open(make_spec())
    await backend.shutdown()


async def test_an_agent_that_never_gets_ready_is_given_up(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "READY_TIMEOUT_S", 0.05)
    fake.agent = hang
    with pytest.raises(SandboxError, match=r"not ready in 0\.05 s"):
        await backend.open(make_spec())
    assert fake.containers == {}


async def test_an_agent_that_does_not_report_in_time_is_killed(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "AGENT_GRACE_S", 0.05)
    fake.agent = agent(wrap(frame_from_agent(STARTED, b"\0")))
    sandbox = await backend.open(make_spec())
    loss = await sandbox.run_stage(make_stage(wall_ms=1), Collector().take)
    assert loss == StageLoss(LossReason.UNKNOWN, "the agent did not report in time")
    assert str(fake.requests[-1]) == f"POST /containers/{sandbox.name}/kill"


async def test_a_compiler_that_never_gets_ready_is_given_up(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "PREPARE_TIMEOUT_S", 0.05)
    fake.agent = agent()
    sandbox = await backend.open(make_spec())
    with pytest.raises(SandboxError, match=r"compiler was not ready in 0\.05 s"):
        await sandbox.prepare(("javac",), {})


async def test_an_artefact_that_is_late_is_none_and_the_sandbox_of_no_more_use(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "PACK_TIMEOUT_S", 0.05)
    fake.agent = agent(wrap(frame_from_agent(ARTEFACT, b"some of it")))
    sandbox = await backend.open(make_spec())
    assert await sandbox.fetch_artefact(1000) is None
    outcome = await sandbox.run_stage(make_stage(wall_ms=1), Collector().take)
    assert isinstance(outcome, StageLoss)
    assert outcome.reason is LossReason.OUTSIDE  # not the program's fault


async def test_an_artefact_that_is_not_taken_in_time_is_said(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "PACK_TIMEOUT_S", 0.05)
    fake.agent = agent()
    sandbox = await backend.open(make_spec())
    with pytest.raises(SandboxError, match=r"not taken in 0\.05 s"):
        await sandbox.send_artefact(b"")


async def test_an_idle_sandbox_is_lost_when_the_engine_hangs_up(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.agent = agent(until="hanging up")
    sandbox = await backend.open(make_spec())
    watching = asyncio.create_task(sandbox.wait_lost())
    await asyncio.sleep(0)
    assert not watching.done()
    await sandbox.write(b"anything")
    await watching


async def test_a_stage_without_a_wall_limit_has_no_deadline_here(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "AGENT_GRACE_S", 0.0)
    fake.agent = agent(until="hanging up")
    sandbox = await backend.open(make_spec())
    outcome = await sandbox.run_stage(make_stage(wall_ms=0), Collector().take)
    assert isinstance(outcome, StageLoss)
    assert "in time" not in outcome.detail


@pytest.mark.parametrize(
    ("state", "reason", "detail"),
    [
        pytest.param(
            {"OOMKilled": True, "ExitCode": 137}, LossReason.OOM, "out-of-memory", id="OOM"
        ),
        pytest.param({"ExitCode": 137}, LossReason.OUTSIDE, "killed from outside", id="killed"),
        pytest.param({"ExitCode": 0}, LossReason.OUTSIDE, "connection.* broke", id="cut"),
        pytest.param(
            {"ExitCode": 71}, LossReason.UNKNOWN, "exit status 71 .*last words", id="ended"
        ),
        pytest.param(
            {"ExitCode": 128, "Error": "shim died"}, LossReason.UNKNOWN, "shim died", id="engine"
        ),
    ],
)
async def test_a_lost_sandbox_is_told_by_what_the_engine_says_of_it(
    fake: FakeEngine,
    backend: DockerBackend,
    state: dict[str, object],
    reason: LossReason,
    detail: str,
) -> None:
    fake.agent = agent(wrap(b"last words\n", 2), until="hanging up")
    ends_as(fake, **state)
    loss = await run(await backend.open(make_spec()))
    assert loss.reason is reason
    assert re.search(detail, loss.detail)


async def test_news_of_an_oom_kill_that_come_a_moment_late_are_waited_for(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    async def late(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = fake.requests[-1]
        ends_as(fake, ExitCode=137, OOMKilled=True)
        fake.containers[request.path.split("/")[2]] = {"ExitCode": 137, "OOMKilled": False}
        answers, fake.answers = fake.answers, {}
        await fake.answer(request, reader, writer)
        fake.answers = answers

    fake.agent = agent(until="hanging up")
    fake.answers["GET /containers/*/json"] = late
    loss = await run(await backend.open(make_spec()))
    assert loss.reason is LossReason.OOM


async def test_an_agent_that_speaks_nonsense_and_exits_well_is_no_cut_connection(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.agent = agent(wrap(b"Hello, World!"), until="hanging up")
    ends_as(fake, ExitCode=0)
    loss = await run(await backend.open(make_spec()))
    assert loss.reason is LossReason.UNKNOWN
    assert "agent frame" in loss.detail


async def test_only_the_beginning_of_what_an_agent_complains_is_kept(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.agent = agent(wrap(b"x" * 50_000, 2), wrap(b"y" * 50_000, 2), until="hanging up")
    ends_as(fake, ExitCode=70)
    loss = await run(await backend.open(make_spec()))
    assert 0 < loss.detail.count("x") <= 2 * docker_sandbox.MAX_DIAGNOSTICS
    assert "y" * 10 not in loss.detail


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        pytest.param(refuse(404, "no"), "removed from outside", id="gone"),
        pytest.param(refuse(500, "who knows"), "who knows", id="does not know"),
        pytest.param(say(b""), "can't be reached", id="unreachable"),
    ],
)
async def test_a_lost_sandbox_is_lost_outside_when_the_engine_can_not_be_asked(
    fake: FakeEngine, backend: DockerBackend, answer: Answer | Raw, detail: str
) -> None:
    fake.agent = agent(until="hanging up")
    fake.answers["POST /containers/*/wait"] = answer
    loss = await run(await backend.open(make_spec()))
    assert loss.reason is LossReason.OUTSIDE
    assert detail in loss.detail


async def test_a_sandbox_that_was_never_opened_is_lost_and_can_be_closed(fake: FakeEngine) -> None:
    client = EngineClient(fake.url, timeout_s=DEADLINE_S, threads=1)
    live: dict[str, DockerSandbox] = {}
    sandbox = DockerSandbox(client, "never", 1, live)
    await sandbox.send_files([SourceFile("a", b"")], build=True, work=True)
    assert (await run(sandbox)).reason is LossReason.OUTSIDE
    await sandbox.close()
    assert live == {}
    await client.close()


@pytest.mark.parametrize(
    ("answer", "fits"),
    [(Answer(200, {}), True), (refuse(500, "write: device or resource busy"), False)],
)
async def test_set_limits_returns_whether_the_limits_fit(
    fake: FakeEngine,
    backend: DockerBackend,
    answer: Answer,
    fits: bool,  # noqa: FBT001 - a table's column
) -> None:
    fake.answers["POST /containers/*/update"] = answer
    sandbox = await backend.open(make_spec())
    assert await sandbox.set_limits(1 << 25, 7) is fits
    assert fake.requests[-1].body == {"Memory": 1 << 25, "MemorySwap": 1 << 25, "PidsLimit": 8}


def holding(held: int) -> Raw:
    """Says it is ready, and that it holds so much as often as it is asked."""

    async def act(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(wrap(pack_ready()))
        while data := await reader.read(65_536):
            assert [kind for kind, _ in cut(data)] == [MEASURE]
            writer.write(wrap(pack_memory(held)))

    return act


@pytest.mark.parametrize(("room", "fits"), [(-1, False), (HEADROOM_BYTES - 1, False)])
async def test_a_limit_below_what_is_held_is_refused_before_the_engine_is_asked(
    fake: FakeEngine,
    backend: DockerBackend,
    room: int,
    fits: bool,  # noqa: FBT001 - a table's column
) -> None:
    fake.agent = holding((32 << 20) - room)
    sandbox = await backend.open(make_spec(memory_bytes=64 << 20))
    assert await sandbox.set_limits(32 << 20, 7) is fits
    assert not [request for request in fake.requests if request.path.endswith("/update")]


async def test_a_limit_is_set_where_there_is_room_and_a_raised_one_is_not_asked_about(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.agent = holding((32 << 20) - HEADROOM_BYTES)
    sandbox = await backend.open(make_spec(memory_bytes=64 << 20))
    assert await sandbox.set_limits(32 << 20, 7) is True
    assert await sandbox.set_limits((32 << 20) - 1, 7) is False
    assert await sandbox.set_limits(32 << 20, 8) is True  # the processes alone
    fake.agent = holding(1 << 40)
    sandbox = await backend.open(make_spec(memory_bytes=16 << 20))
    assert await sandbox.set_limits(32 << 20, 7) is True
    assert await sandbox.set_limits(24 << 20, 7) is False  # below what it was raised to


async def test_of_a_sandbox_that_is_lost_the_engine_says_so_when_its_limits_are_set(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.agent = agent(until="hang up")
    fake.answers["POST /containers/*/update"] = refuse(404, "No such container")
    sandbox = await backend.open(make_spec())
    with pytest.raises(ContainerNotFoundError, match="No such container"):
        await sandbox.set_limits(1 << 25, 7)


async def test_an_agent_that_does_not_say_what_is_held_in_time_is_an_error(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "MEASURE_TIMEOUT_S", 0.05)
    fake.agent = agent()
    sandbox = await backend.open(make_spec())
    with pytest.raises(SandboxError, match=r"did not say in 0\.05 s what memory is in use"):
        await sandbox.set_limits(1 << 25, 7)
    assert fake.requests[-1].path.endswith("/start")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(say(b""), EngineUnavailableError, id="unreachable"),
        pytest.param(refuse(500, "no such cgroup"), EngineError, id="refused"),
    ],
)
async def test_limits_that_can_not_be_set_at_all_are_an_error(
    fake: FakeEngine, backend: DockerBackend, answer: Answer | Raw, error: type[Exception]
) -> None:
    fake.answers["POST /containers/*/update"] = answer
    sandbox = await backend.open(make_spec())
    with pytest.raises(error):
        await sandbox.set_limits(1 << 25, 7)


async def test_a_removal_the_engine_refuses_is_said_and_left_to_the_sweep(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.answers["DELETE *"] = refuse(500, "device busy")
    sandbox = await backend.open(make_spec())
    with pytest.raises(EngineError, match="device busy"):
        await sandbox.close()
    del fake.answers["DELETE *"]
    fake.answers["GET /containers/json"] = Answer(
        200, [{"Names": [f"/{sandbox.name}"], "Labels": {LABEL_INSTANCE: INSTANCE}}]
    )
    assert await backend.sweep() == 1
    assert fake.containers == {}


async def test_a_removal_refused_after_a_failed_open_does_not_hide_why_it_failed(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    fake.answers = {
        "POST /containers/*/start": refuse(500, "no cgroups"),
        "DELETE *": refuse(500, "device busy"),
    }
    with pytest.raises(EngineError, match="no cgroups"):
        await backend.open(make_spec())


def held(fake: FakeEngine, call: str, gate: asyncio.Event) -> None:
    """The engine answers this call only once the gate is open."""

    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request: Request = fake.requests[-1]
        await gate.wait()
        del fake.answers[call]
        await fake.answer(request, reader, writer)

    fake.answers[call] = wait


@pytest.mark.parametrize("end", ["cancel", "shutdown"])
@pytest.mark.parametrize(
    "call",
    ["POST /containers/create", "POST /containers/*/attach", "POST /containers/*/start"],
)
async def test_an_open_ended_in_the_middle_of_a_call_leaves_nothing(
    fake: FakeEngine, backend: DockerBackend, call: str, end: str
) -> None:
    gate = asyncio.Event()
    held(fake, call, gate)
    opening = asyncio.create_task(backend.open(make_spec()))
    await fake.seen(call)
    if end == "cancel":
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            await opening
    stopping = asyncio.create_task(backend.shutdown())
    gate.set()
    await stopping
    assert fake.containers == {}
    await asyncio.wait([opening])


async def test_shutting_down_goes_on_when_a_removal_fails(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    for _ in range(2):
        await backend.open(make_spec())
    fake.answers["DELETE *"] = refuse(500, "device busy")
    await backend.shutdown()
    await backend.shutdown()
    removed = {str(request) for request in fake.requests if request.method == "DELETE"}
    assert len(removed) == 2


async def test_a_cancelled_close_goes_on(fake: FakeEngine, backend: DockerBackend) -> None:
    sandbox = await backend.open(make_spec())
    gate = asyncio.Event()
    held(fake, "DELETE *", gate)
    closing = asyncio.create_task(sandbox.close())
    await fake.seen("DELETE *")
    closing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await closing
    gate.set()
    await sandbox.close()
    assert fake.containers == {}


async def test_one_container_that_can_not_be_removed_does_not_keep_the_others(
    fake: FakeEngine, backend: DockerBackend
) -> None:
    labels = {LABEL_INSTANCE: INSTANCE, LABEL_DEADLINE: "1"}
    names = ("stuck", "first", "second")
    fake.answers["GET /containers/json"] = Answer(
        200, [{"Id": name, "Names": [f"/{name}"], "Labels": labels} for name in names]
    )
    fake.answers["DELETE /containers/stuck"] = refuse(500, "device or resource busy")
    for name in names[1:]:
        fake.answers[f"DELETE /containers/{name}"] = Answer(204, None)
    assert await backend.sweep() == 2


async def test_an_agent_that_does_not_report_while_the_engine_hangs_was_lost_outside(
    fake: FakeEngine, backend: DockerBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker_sandbox, "AGENT_GRACE_S", 0.05)
    fake.agent = agent(wrap(frame_from_agent(STARTED, b"\0")))
    sandbox = await backend.open(make_spec())
    fake.answers["GET /_ping"] = refuse(500, "on fire")
    loss = await sandbox.run_stage(make_stage(wall_ms=1), Collector().take)
    assert isinstance(loss, StageLoss)
    assert loss.reason is LossReason.OUTSIDE
    assert "did not report in time: The engine is not well" in loss.detail
    del fake.answers["GET /_ping"]
    await backend.ping()
