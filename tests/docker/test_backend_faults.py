"""What becomes of sandboxes when the world around them does what it should not."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.engine import attach as attach_module
from orchestrator.engine.client import EngineClient
from orchestrator.errors import ContainerNotFoundError, EngineError
from orchestrator.sandbox.docker import sandbox as docker_sandbox
from orchestrator.sandbox.docker.backend import DockerBackend
from orchestrator.sandbox.model import LossReason, StageKind, StageLoss
from orchestrator.sandbox.protocol.session import AgentSession
from orchestrator.sandbox.spec import LABEL_DEADLINE, LABEL_INSTANCE
from tests.sandbox_support import (
    IMAGE,
    SOCKET,
    Collector,
    make_spec,
    make_stage,
    make_traits,
    run_script,
)

if TYPE_CHECKING:
    from tests.conftest import Docker

pytestmark = pytest.mark.docker

MIB = 1 << 20
HOG = """
import sys
block = bytearray(int(sys.argv[1]) << 20)
print(len(block))
"""


def hog(mebibytes: int) -> dict[str, Any]:
    """A stage that fills this much memory."""
    return {"argv": ("/usr/bin/python3", "-c", HOG, str(mebibytes))}


@pytest.mark.parametrize("end", [EngineClient.kill_container, EngineClient.remove_container])
async def test_a_container_ended_by_somebody_else_was_lost_outside(
    docker: Docker, end: Callable[..., Any]
) -> None:
    sandbox = await docker.backend.open(make_spec())
    output = Collector()
    running = asyncio.create_task(sandbox.run_stage(make_stage("echo x; sleep 50"), output.take))
    await output.first.wait()
    await end(docker.engine, sandbox.name)
    outcome = await running
    assert isinstance(outcome, StageLoss)
    assert outcome.reason is LossReason.OUTSIDE
    assert "from outside" in outcome.detail
    await sandbox.close()
    assert await docker.names() == set()


async def test_a_program_that_runs_out_of_memory_leaves_the_agent_to_tell(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec())
    report, stdout, _ = await run_script(sandbox, "", **hog(200))
    assert report.oom_kills > 0
    assert (report.signal, stdout) == (9, b"")
    report, stdout, _ = await run_script(sandbox, "echo still here")
    assert (report.oom_kills, stdout) == (0, b"still here\n")


async def test_a_missing_image_is_an_engine_error_and_leaves_nothing(docker: Docker) -> None:
    with pytest.raises(ContainerNotFoundError, match="no-such-image"):
        await docker.backend.open(make_spec(image="codebae-runner/no-such-image:current"))
    assert await docker.names() == set()


async def test_an_image_without_an_agent_is_an_engine_error_and_leaves_nothing(
    docker: Docker,
) -> None:
    with pytest.raises(EngineError, match="/sandbox/agent"):
        await docker.backend.open(make_spec(image="debian:bookworm-slim"))
    assert await docker.names() == set()


POINTS = {
    "before create": (EngineClient, "create_container", "before"),
    "after create": (EngineClient, "create_container", "after"),
    "before attach": (docker_sandbox, "attach", "before"),
    "after attach": (docker_sandbox, "attach", "after"),
    "before start": (EngineClient, "start_container", "before"),
    "after start": (EngineClient, "start_container", "after"),
    "before the greeting": (AgentSession, "greet", "before"),
    "after the greeting": (AgentSession, "greet", "after"),
}


@pytest.mark.parametrize(("owner", "name", "moment"), POINTS.values(), ids=POINTS)
async def test_an_open_cancelled_anywhere_leaves_nothing(
    docker: Docker, monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, moment: str
) -> None:
    reached, go_on = asyncio.Event(), asyncio.Event()
    original = getattr(owner, name)

    async def stop_there(*args: Any, **kwargs: Any) -> Any:
        result = await original(*args, **kwargs) if moment == "after" else None
        reached.set()
        await go_on.wait()
        return result if moment == "after" else await original(*args, **kwargs)

    monkeypatch.setattr(owner, name, stop_there)
    opening = asyncio.create_task(docker.backend.open(make_spec()))
    await reached.wait()
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    go_on.set()
    await docker.backend.shutdown()
    assert await docker.names() == set()


async def test_a_connection_that_is_cut_was_lost_outside_and_ends_everything(
    docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    writers: list[asyncio.StreamWriter] = []
    connect = asyncio.open_unix_connection

    async def remember(*args: Any, **kwargs: Any) -> Any:
        reader, writer = await connect(*args, **kwargs)
        writers.append(writer)
        return reader, writer

    monkeypatch.setattr(attach_module.asyncio, "open_unix_connection", remember)
    sandbox = await docker.backend.open(make_spec())
    output = Collector()
    running = asyncio.create_task(sandbox.run_stage(make_stage("echo x; sleep 50"), output.take))
    await output.first.wait()
    writers[-1].transport.abort()
    outcome = await running
    assert isinstance(outcome, StageLoss)
    assert outcome.reason is LossReason.OUTSIDE
    assert (await docker.engine.inspect_container(sandbox.name))["State"]["Running"] is False


async def test_memory_lowered_below_what_is_in_use_is_refused(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(memory_bytes=256 * MIB))
    fill = "head -c 15000000 /dev/zero > a; cat a > b"
    report, _, stderr = await run_script(sandbox, fill, kind=StageKind.COMPILE)
    assert (report.exit_code, stderr) == (0, b"")
    assert await sandbox.set_limits(16 * MIB, 16) is False
    # It stays as it was.
    report, stdout, _ = await run_script(sandbox, "", **hog(100))
    assert (report.oom_kills, stdout) == (0, b"%d\n" % (100 * MIB))


async def test_the_agent_says_what_is_held_and_not_what_can_be_taken_back(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(memory_bytes=256 * MIB))
    measure = sandbox._session.measure  # noqa: SLF001 - what limits are lowered by
    at_first = await measure()
    assert at_first < 4 * MIB
    fill = "head -c 15000000 /dev/zero > a; cat a > b; head -c 8000000 /dev/zero > /tmp/c"
    assert (await run_script(sandbox, fill, kind=StageKind.COMPILE))[0].exit_code == 0
    built = await measure() - at_first
    assert 30_000_000 <= built < 33_000_000  # both, and not what was cleared away
    read_all = "cat /build/a /usr/bin/* /usr/lib/*/*.so* > /dev/null; head -c 4000000 /dev/zero > d"
    assert (await run_script(sandbox, read_all))[0].exit_code == 0
    assert abs(await measure() - at_first - built) < 2 * MIB


async def test_lowered_memory_bites_and_raised_memory_is_there(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec(memory_bytes=256 * MIB))
    assert (await run_script(sandbox, "", **hog(100)))[0].oom_kills == 0
    assert await sandbox.set_limits(64 * MIB, 16) is True
    assert (await run_script(sandbox, "", **hog(100)))[0].oom_kills > 0
    assert await sandbox.set_limits(256 * MIB, 16) is True
    assert (await run_script(sandbox, "", **hog(100)))[0].oom_kills == 0


async def test_lowered_processes_bite(docker: Docker) -> None:
    script = "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 50 & done; echo all"
    sandbox = await docker.backend.open(make_spec(processes=32))
    assert (await run_script(sandbox, script))[1] == b"all\n"
    assert await sandbox.set_limits(64 * MIB, 4) is True
    report, stdout, stderr = await run_script(sandbox, script)
    assert (report.exit_code, stdout) == (2, b"")
    assert b"fork" in stderr


async def test_limits_of_a_container_that_is_gone_are_an_error(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec())
    await docker.engine.remove_container(sandbox.name)
    with pytest.raises(ContainerNotFoundError):
        await sandbox.set_limits(64 * MIB, 4)


async def plant(docker: Docker, name: str, labels: dict[str, str]) -> str:
    """A container that does nothing, as somebody else might have left it."""
    config = {"Image": IMAGE, "Entrypoint": ["/bin/true"], "Labels": labels}
    return await docker.engine.create_container(f"{name}-{docker.instance}", config)


async def test_a_sweep_removes_what_is_its_own_or_past_its_deadline_and_nothing_else(
    docker: Docker,
) -> None:
    now = int(time.time())
    other = f"not-{docker.instance}"
    later, past = str(now + 600), str(now - 1)
    labels = {
        "mine": {LABEL_INSTANCE: docker.instance, LABEL_DEADLINE: later},
        "theirs-past": {LABEL_INSTANCE: other, LABEL_DEADLINE: past},
        "build-past": {LABEL_INSTANCE: "languages-build", LABEL_DEADLINE: past},
        "theirs": {LABEL_INSTANCE: other, LABEL_DEADLINE: later},
        "build": {LABEL_INSTANCE: "languages-build", LABEL_DEADLINE: later},
        "nobody-s": {LABEL_DEADLINE: past},
        "stranger": {"maintainer": "somebody"},
        "no-label": {},
    }
    planted = {name: await plant(docker, name, each) for name, each in labels.items()}
    sandbox = await docker.backend.open(make_spec())
    try:
        # Whatever else is on this engine past its deadline goes too, or was swept by its own.
        assert await docker.backend.sweep() >= 1
        left = {item["Id"] for item in await docker.engine.list_containers([])}
        survivors = {name for name, identity in planted.items() if identity in left}
        assert survivors == {"theirs", "build", "nobody-s", "stranger", "no-label"}
        assert (await run_script(sandbox, "echo 1"))[1] == b"1\n"
    finally:
        for name in planted:
            await docker.engine.remove_container(f"{name}-{docker.instance}")


async def test_another_server_s_sweep_leaves_our_running_sandbox_alone(docker: Docker) -> None:
    sandbox = await docker.backend.open(make_spec())
    other = DockerBackend(
        EngineClient(SOCKET, timeout_s=30, threads=1), make_traits(f"not-{docker.instance}")
    )
    await other.sweep()
    await other.shutdown()
    assert (await run_script(sandbox, "echo 1"))[1] == b"1\n"


async def test_a_server_that_starts_again_sweeps_what_it_left(docker: Docker) -> None:
    await docker.backend.open(make_spec())
    again = DockerBackend(
        EngineClient(SOCKET, timeout_s=30, threads=1), make_traits(docker.instance)
    )
    assert await again.sweep() == 1
    await again.shutdown()
    assert await docker.names() == set()


async def test_sandboxes_side_by_side_run_as_different_users(docker: Docker) -> None:
    async def uid() -> bytes:
        sandbox = await docker.backend.open(make_spec())
        return (await run_script(sandbox, "id -u"))[1]

    assert len({await uid(), await uid()}) == 2
