"""A thousand mixed jobs, eight at a time: a thousand right answers, and nothing is left of them."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
import pytest

from orchestrator.engine.client import EngineClient
from tests.docker.contract_client import ask, open_session
from tests.docker.contract_shapes import Json
from tests.docker.mix import HangUp, MixedJob, make_hang_ups, make_mix
from tests.docker.process_figures import Figures, take_figures
from tests.docker.server import API_KEYS, BEARER, Server, running_server
from tests.docker.thousand_report import Report

pytestmark = [pytest.mark.docker, pytest.mark.thorough, pytest.mark.alone]

AT_ONCE = 8
WARM_UP = 40
JOBS = 1000
HANG_UPS = 40
THIRDS = 3
SEED = 27
# A task, a request, an output or a container's description kept for each job would be 10 kB a job
# and more: 10 MB in all, 3.3 MB in each third. What a thousand jobs may leave is fragments, the
# statistics' buckets and the allocator's arenas: 2 MB were measured, on 64.
MEMORY_GROWTH_MB = 8.0
LAST_THIRD_GROWTH_MB = 3.0
SETTLE_S = 60.0
JOB_DEADLINE_S = 120.0


@dataclass
class Run:
    """What the clients saw."""

    session: aiohttp.ClientSession
    report: Report
    ended: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By language and status."""
    left: Counter[str] = field(default_factory=Counter)
    """Callers that hung up, by language."""

    async def work(self, work: Iterator[MixedJob | HangUp]) -> None:
        """One client: asks for one after the other."""
        for item in work:
            async with asyncio.timeout(JOB_DEADLINE_S):
                if isinstance(item, HangUp):
                    await self._leave(item)
                else:
                    await self._ask(item)

    async def _ask(self, job: MixedJob) -> None:
        started = time.monotonic()
        reply = await ask(self.session, job.asked)
        assert reply.status == 200, (job, reply)
        job.check(reply.answer)
        self.ended[job.language, job.status] += 1
        self.report.count(job.language, time.monotonic() - started)

    async def _leave(self, caller: HangUp) -> None:
        headers = {**caller.asked.headers, "Accept": caller.asked.form}
        if caller.leave_at:
            post = self.session.post("/execute", data=caller.asked.body, headers=headers)
            async with post as response:
                await _read_until(response, caller.leave_at)
                response.close()  # with the rest unread: the connection is cut
        else:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(caller.leave_after_s):
                    await ask(self.session, caller.asked)
                raise AssertionError(f"answered: {caller}")
        self.left[caller.language] += 1


async def _read_until(response: aiohttp.ClientResponse, event: str) -> None:
    """NDJSON has the event's name in its line, SSE in a line of its own."""
    signs = (f'"event": "{event}"', f"event: {event}")
    async for line in response.content:
        if any(sign in line.decode() for sign in signs):
            return
    raise AssertionError(f"ended without {event}")


@dataclass(frozen=True)
class Stage:
    """A server, and whoever looks at it from outside."""

    server: Server
    engine: EngineClient
    instance: str

    async def figures(self, wanted: Callable[[Figures], bool]) -> Figures:
        """Once all is over: as soon as they are as `wanted`, else as they are at the deadline."""
        deadline = time.monotonic() + SETTLE_S
        while True:
            stats = await self.stats()
            seen = await take_figures(self.server.process.pid, self.engine, self.instance)
            pool = stats["pool"].values()
            seen = replace(seen, containers=seen.containers - sum(each["ready"] for each in pool))
            is_full = all(each["ready"] == each["size"] for each in pool)
            settled = (
                stats["activeJobs"] == stats["slots"]["used"] == 0 and is_full and wanted(seen)
            )
            if settled or time.monotonic() > deadline:
                return seen
            await asyncio.sleep(0.2)  # connections are closed a moment after their last answer

    async def stats(self) -> Json:
        """Over a connection that is closed again: it must not count as the server's."""
        async with (
            open_session(self.server.url) as session,
            session.get("/stats", headers=BEARER) as answer,
        ):
            assert answer.status == 200
            stats: Json = await answer.json()
            return stats


async def _run_all(run: Run, work: Sequence[MixedJob | HangUp]) -> None:
    shared = iter(work)
    async with asyncio.TaskGroup() as clients:
        for _ in range(AT_ONCE):
            clients.create_task(run.work(shared))


def _thirds() -> Iterator[list[MixedJob | HangUp]]:
    """The jobs in three parts, callers that hang up spread among them."""
    jobs, hang_ups = make_mix(JOBS, SEED), make_hang_ups(HANG_UPS, SEED)
    work: list[MixedJob | HangUp] = list(jobs)
    for number, caller in enumerate(hang_ups):
        work.insert((number + 1) * len(work) // (HANG_UPS + 1), caller)
    for third in range(THIRDS):
        yield work[third * len(work) // THIRDS : (third + 1) * len(work) // THIRDS]


def _ended(stats: Json) -> Counter[tuple[str, str]]:
    ended: Counter[tuple[str, str]] = Counter()
    for row in stats["since_start"]["outcomes"]:
        ended[row["language"], row["status"]] += row["jobs"]
    assert ended.total() == stats["since_start"]["jobs"], stats
    return ended


@pytest.mark.timeout(900)
async def test_a_thousand_mixed_jobs_get_a_thousand_right_answers_and_leave_nothing_behind(
    tmp_path: Path, engine: EngineClient, capsys: pytest.CaptureFixture[str]
) -> None:
    def say(line: str) -> None:
        with capsys.disabled():
            print(f"\n  {line}", end="", flush=True)  # noqa: T201 - progress of a long test

    server_on = running_server(
        tmp_path, API_KEY=API_KEYS, MAX_JOBS=str(AT_ONCE), LOG_LEVEL="warning"
    )
    async with server_on as server, open_session(server.url) as session:
        stage = Stage(server, engine, (tmp_path / "instance").read_text().strip())
        await _run_all(Run(session, Report(lambda _: None, WARM_UP)), make_mix(WARM_UP, SEED + 1))
        before = await stage.figures(lambda seen: not (seen.containers or seen.zombies))
        counted_before = _ended(await stage.stats())

        run = Run(session, Report(say, JOBS))
        rows = [("warm-up", before)]
        for work in _thirds():
            await _run_all(run, work)
            rows.append((f"{run.report.answered} jobs", await _settled(stage, before)))
        run.report.show(rows)

        after = [figures for _, figures in rows]
        _assert_nothing_left(before, after[-1])
        _assert_memory_is_flat(after)
        stats = await stage.stats()
        seen = run.ended + Counter({(language, "cancelled"): n for language, n in run.left.items()})
        assert (run.ended.total(), run.left.total()) == (JOBS, HANG_UPS)
        assert _ended(stats) - counted_before == seen
        assert stats["since_start"]["causes"]["client"] == HANG_UPS
        assert stats["slots"] == {"total": AT_ONCE, "used": 0, "waiting": 0}


async def _settled(stage: Stage, before: Figures) -> Figures:
    return await stage.figures(lambda seen: not _left(before, seen))


def _left(before: Figures, after: Figures) -> list[str]:
    """What there is more of than there was; of containers, any."""
    counts = ("descriptors", "threads", "zombies", "stray_shims")
    more = [name for name in counts if getattr(after, name) > getattr(before, name)]
    return more + (["containers"] if after.containers else [])


def _assert_nothing_left(before: Figures, after: Figures) -> None:
    assert _left(before, after) == [], (before, after)


def _assert_memory_is_flat(figures: Sequence[Figures]) -> None:
    rss = [each.rss_mb for each in figures]
    assert max(rss) - rss[0] < MEMORY_GROWTH_MB, rss
    assert rss[-1] - rss[-2] < LAST_THIRD_GROWTH_MB, rss
