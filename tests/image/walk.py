"""`make test-image`: the runner's image from an empty volume to its end, on Fly's machine.

Prints what it measured; any assertion that fails ends it.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from tests.docker.contract_client import Reply, ask, open_session
from tests.docker.mix import MixedJob, make_mix
from tests.docker.server import BEARER
from tests.docker.small_programs import LANGUAGES, source
from tests.image.container import URL, Container, docker, fly_machine

FIRST_START_S = 1800
LATER_START_S = 30
JOBS, CLIENTS = 200, 3
BOMBS = 10
SECRETS = "API_KEY|ADMIN_KEY|PRIVATE KEY"
COMPILERS = "gcc g++ cc c++ clang tcc as ld make javac go rustc git pip"


def say(text: str) -> None:
    print(f"==> {text}", flush=True)  # noqa: T201 - that is what it is for


def look_at_the_image(image: str) -> None:
    size = int(docker("image", "inspect", "--format", "{{.Size}}", image))
    found = docker(
        *("run", "--rm", "--network=none", "--entrypoint=sh", image, "-c"),
        f"for each in {COMPILERS}; do command -v $each; done; env | grep -E '{SECRETS}'; "
        "ls -a /app; true",
    ).split()
    parts = ["LICENSE", "codebae_runner_client", "debian.tar.xz", "images", "orchestrator"]
    found = [each for each in found if each != "image-digests.toml"]  # a release's
    assert sorted(found) == [".", "..", *parts], found
    printed = docker("run", "--rm", "--network=none", image, "--version")
    label = '{{index .Config.Labels "org.opencontainers.image.version"}}'
    assert docker("image", "inspect", "--format", label, image).strip() in printed.split()
    history = docker("history", "--no-trunc", "--format", "{{.CreatedBy}}", image)
    assert "API_KEY" not in history
    say(f"image: {size / 1e6:.0f} MB; no compiler, no secret")


async def execute(**body: Any) -> dict[str, Any]:
    async with (
        open_session(URL) as session,
        session.post("/execute", json=body, headers=BEARER) as answer,
    ):
        found: dict[str, Any] = await answer.json()
        return {"http": answer.status, **found}


async def hello() -> None:
    for language in LANGUAGES:
        answer = await execute(language=language, code=source(language, "print", b"hello"))
        assert answer["output"] == "hello", answer
    say(f"hello in {', '.join(LANGUAGES)}")


async def mixed_jobs() -> None:
    jobs, started = iter(make_mix(JOBS, 7)), time.monotonic()
    seen: Counter[str] = Counter()

    async def client() -> None:
        async with open_session(URL) as session:
            for job in jobs:
                await run(session, job)

    async def run(session: Any, job: MixedJob) -> None:
        reply: Reply = await ask(session, job.asked)
        assert reply.status == 200, (job, reply)
        job.check(reply.answer)
        seen[str(reply.answer["status"])] += 1

    async with asyncio.TaskGroup() as clients:
        for _ in range(CLIENTS):
            clients.create_task(client())
    assert seen.total() == JOBS
    took = time.monotonic() - started
    say(f"{JOBS} mixed jobs, {CLIENTS} clients: {took:.1f} s, {JOBS / took:.1f}/s; {dict(seen)}")


async def bombs() -> None:
    code = "hoard = []\nwhile True: hoard.append(bytearray(b'x' * (1 << 20)))"
    for _ in range(BOMBS):
        answer = await execute(language="python", code=code, limits={"memory_mb": 512})
        assert answer["status"] == "memory_limit", answer
    say(f"{BOMBS} memory bombs of 512 MB: each ended as memory_limit")


def pids(container: Container) -> tuple[str, str]:
    """The engine's, and the server's start time, which another server would not have."""
    return container.run("cat /run/docker.pid"), container.state()["StartedAt"]


async def asleep(seconds: float) -> dict[str, Any]:
    """A job that takes a slot; by default its memory would be that of two slots."""
    return await execute(
        language="python",
        code=f"import time; time.sleep({seconds})",
        timeout=40_000,
        limits={"memory_mb": 128},
    )


async def while_jobs_run(
    do: Callable[[], Any], seconds: float, count: int = 4
) -> tuple[list[dict[str, Any]], float]:
    jobs = [asyncio.create_task(asleep(seconds)) for _ in range(count)]
    await asyncio.sleep(1)
    started = time.monotonic()
    await asyncio.to_thread(do)
    took = time.monotonic() - started
    return await asyncio.gather(*jobs), took


async def killed_engine(container: Container) -> None:
    engine, server = pids(container)
    started = time.monotonic()
    answers, _ = await while_jobs_run(lambda: container.run(f"kill -9 {engine}"), 3)
    took = time.monotonic() - started
    container.until_healthy(60)
    assert pids(container)[0] != engine
    assert pids(container)[1] == server
    outcomes = Counter(str(each.get("status") or each["http"]) for each in answers)
    assert outcomes.keys() <= {"accepted", "503"}, answers
    say(f"the engine killed under 4 jobs: answered in {took:.1f} s as {dict(outcomes)}, and back")


async def stop_under_load(container: Container) -> None:
    """Two that will end within DRAIN_TIMEOUT, as they would; two that won't are `cancelled`."""
    long = [asyncio.create_task(asleep(30)) for _ in range(2)]
    await asyncio.sleep(0.5)
    answers, took = await while_jobs_run(
        lambda: docker("stop", "--time", "45", container.id), 5, count=2
    )
    answers += await asyncio.gather(*long)
    statuses = [each["status"] for each in answers]
    assert statuses == ["accepted"] * 2 + ["cancelled"] * 2, answers
    assert container.state()["ExitCode"] == 0
    say(f"SIGTERM under load: exit 0 after {took:.1f} s; answered as {statuses}")


def stop_and_start(container: Container) -> None:
    started = time.monotonic()
    docker("stop", "--time", "45", container.id)
    stopped = time.monotonic() - started
    assert container.state()["ExitCode"] == 0
    docker("start", container.id)
    seconds = container.until_healthy(LATER_START_S)[-1][0]
    say(f"idle: stopped in {stopped:.1f} s; started again, healthy after {seconds} s")


def run(work: Coroutine[Any, Any, None], container: Container) -> None:
    asyncio.run(work)
    zombies = container.run("grep -l '^State:.Z' /proc/[0-9]*/status 2>/dev/null | wc -l")
    state = container.state()
    assert state["Running"]
    assert not state["OOMKilled"]
    assert int(zombies) < 20, zombies
    peaks, container.peaks = container.peaks, type(container.peaks)()
    say(f"  peak: {peaks.anonymous} MB anonymous + {peaks.swap} swap, {peaks.charged} with caches")


def main(image: str, volume: str = "") -> None:
    """With a `volume` that has been walked before, the images in it are used, and it is kept."""
    look_at_the_image(image)
    with fly_machine(image, volume) as container:
        said = "a used" if volume else "an empty"
        say(f"from start to healthy, on {said} volume, without a registry:")
        container.until_healthy(FIRST_START_S)
        run(hello(), container)
        engine = pids(container)
        run(mixed_jobs(), container)
        run(bombs(), container)
        assert pids(container) == engine, "engine or server was replaced"
        run(killed_engine(container), container)
        stop_and_start(container)
        run(hello(), container)
        asyncio.run(stop_under_load(container))
        docker("start", container.id)
        container.run("kill -9 $(cat /run/docker.pid) || true")
        container.until_healthy(LATER_START_S)
        docker("kill", container.id)  # nothing is cleaned up: pid files and sockets stay
        docker("start", container.id)
        seconds = container.until_healthy(LATER_START_S)[-1][0]
        say(f"killed and started again: healthy after {seconds} s")
        run(hello(), container)
    say("nothing is left")


if __name__ == "__main__":
    main(*sys.argv[1:])
