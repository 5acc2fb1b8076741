"""The bench's parts that decide or write without a server: CPU sums, load, results, plot."""

from __future__ import annotations

import asyncio
import io
import json
import os
import time
from pathlib import Path

import pytest
from rich.console import Console

from bench import procfs
from bench.context import Context, Failure, Options
from bench.cpu import Mark, hot_path_ms
from bench.errors import BenchError
from bench.goals import judge
from bench.load import sustained
from bench.plot import draw
from bench.programs import HELLOS, PROGRAMS
from bench.report import About, print_tables, to_json
from bench.server import EVERYTHING_OFF, Answer, is_settled
from orchestrator.engine.client import EngineClient
from orchestrator.settings import Settings
from tests.sandbox_support import SOCKET

ABOUT = About("1.2.3", "2026-01-01", 60, is_quick=True, machine={"cores": 2})


@pytest.fixture
def context(tmp_path: Path) -> Context:
    console = Console(file=io.StringIO(), width=80)
    engine = EngineClient(SOCKET, timeout_s=1, threads=1)
    return Context(Options(), Settings(_env_file=None), engine, {}, tmp_path, console)  # type: ignore[call-arg]


def fill(context: Context) -> None:
    for program in PROGRAMS:
        context.book.put_percentiles(f"latency.{program.name}.e2e", [20.0, 30.0])
        context.book.put_percentiles(f"latency.{program.name}.bare", [40.0, 50.0])
        context.book.put(f"latency.{program.name}.hits", 2, "jobs", 2)
    context.book.put("burst.misses", 0, "jobs", 8)
    context.book.put("throughput.python.on", 9.0, "jobs/s", 90)
    for length in (1, 1000):
        context.book.put(f"queue.{length}.json.cpu", 10.0, "ms", 5)
        context.book.put(f"queue.{length}.stream.accept.p50", 2.0, "ms", 5)


def test_refills_are_taken_off_the_hot_path() -> None:
    start = Mark(process_s=1.0, loop_s=0.5, missing=0)
    ran = Mark(process_s=1.3, loop_s=0.62, missing=6)  # 4 of 10 were refilled meanwhile
    full = Mark(process_s=1.4, loop_s=0.65, missing=0)  # 6 refills took the loop 5 ms each
    assert hot_path_ms(start, ran, full, jobs=10) == pytest.approx(10.0)


def test_a_pool_that_kept_up_leaves_nothing_to_take_off() -> None:
    start, ran = Mark(0.0, 0.0, 0), Mark(0.2, 0.1, 0)
    assert hot_path_ms(start, ran, ran, jobs=10) == pytest.approx(10.0)


def test_overhead_is_what_no_stage_took() -> None:
    timings = {"total_ms": 30.5, "compile_ms": None, "run_ms": 27.0, "pool": "hit"}
    answer = Answer(31.0, {"timings": timings})
    assert answer.is_hit
    assert answer.overhead_ms == 3.5


async def test_a_load_ends_and_counts_what_was_done() -> None:
    done = 0

    async def work() -> None:
        nonlocal done
        await asyncio.sleep(0)
        done += 1

    rate = await sustained(work, at_once=2, warm_up_s=0.0, window_s=0.05)
    assert 0 < rate <= done / 0.05


async def test_a_load_ends_with_the_first_error() -> None:
    async def work() -> None:
        raise BenchError("no server")

    with pytest.raises(ExceptionGroup, match="unhandled"):
        await sustained(work, at_once=2, warm_up_s=0.0, window_s=60.0)


def test_a_step_that_fails_is_kept_and_the_next_goes_on(context: Context) -> None:
    with context.step("one"):
        raise BenchError("no pool")
    with context.step("two"):
        raise ExceptionGroup("workers", [BenchError("a"), ExceptionGroup("b", [OSError("c")])])
    with context.step("three"):
        pass
    assert context.failures == [
        Failure("one", "BenchError: no pool"),
        Failure("two", "BenchError: a; OSError: c"),
    ]


def test_a_bug_is_no_failed_step(context: Context) -> None:
    with pytest.raises(ZeroDivisionError), context.step("one"):
        raise ZeroDivisionError


def test_results_hold_everything(context: Context) -> None:
    fill(context)
    context.servers["pool"] = {"POOL": "2"}
    context.runtimes.add("crun")
    context.failures.append(Failure("memory", "none"))
    found = json.loads(to_json(ABOUT, context, judge(context.book)))
    assert found["figures"]["queue.1.json.cpu"] == {"value": 10.0, "unit": "ms", "n": 5}
    assert found["servers"] == {"pool": {"POOL": "2"}}
    assert found["failures"] == [{"step": "memory", "error": "none"}]
    assert found["sandbox_runtimes"] == ["crun"]
    assert found["machine"] == {"cores": 2}
    ratio = next(goal for goal in found["goals"] if goal["title"] == "C++ hello / bare")
    assert (ratio["value"], ratio["limit"], ratio["met"]) == (0.5, 0.4, False)


def test_tables_say_what_is_met_and_what_is_not(context: Context) -> None:
    fill(context)
    context.failures.append(Failure("memory", "no sandbox"))
    out = Console(width=90, record=True, file=context.console.file)
    print_tables(out, context, judge(context.book))
    text = out.export_text()
    assert "NOT MET" in text
    assert "no figure" in text
    assert "failed: memory: no sandbox" in text
    assert "2/2" in text


@pytest.mark.parametrize("is_empty", [True, False])
def test_the_same_figures_make_the_same_plot(context: Context, *, is_empty: bool) -> None:
    if not is_empty:
        fill(context)
    paths = [context.state_dir / name for name in ("one.svg", "two.svg")]
    for path in paths:
        draw(path, "title", context.book, judge(context.book), (1, 10, 1000))
    one, two = (path.read_bytes() for path in paths)
    assert one == two
    assert b"C++ hello" in one


def test_what_is_switched_off_can_be_switched_off() -> None:
    assert {name.lower() for name in EVERYTHING_OFF} <= set(Settings.model_fields)
    Settings(_env_file=None, **{name.lower(): value for name, value in EVERYTHING_OFF.items()})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ready", "used", "expected"), [(2, 0, True), (3, 0, True), (1, 0, False), (2, 1, False)]
)
def test_a_server_at_rest_has_a_full_pool_and_free_slots(
    ready: int, used: int, *, expected: bool
) -> None:
    pool = {"python": {"ready": ready, "size": 2, "creating": 0}}
    assert is_settled({"pool": pool, "slots": {"used": used}}) is expected


def test_without_a_pool_free_slots_are_rest_enough() -> None:
    assert is_settled({"slots": {"used": 0}})


def test_every_program_is_there_and_every_language_has_a_hello() -> None:
    assert all(program.code and program.command for program in PROGRAMS)
    assert set(HELLOS) == {"c", "cpp", "java", "python"}


def test_the_cpu_clock_counts_all_of_a_process() -> None:
    used = time.process_time()
    assert procfs.cpu_s(os.getpid()) >= used
    assert procfs.main_thread_cpu_s(os.getpid()) > 0


def test_memory_of_a_process() -> None:
    assert 0 < procfs.pss_mb(os.getpid()) <= procfs.rss_mb(os.getpid()) * 1.1


def test_everybody_is_listed_with_their_parents() -> None:
    mine = next(each for each in procfs.processes() if each.pid == os.getpid())
    assert mine.parent == os.getppid()


@pytest.fixture
def hierarchy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A made-up /sys/fs/cgroup, and a /proc with us in it."""
    proc = tmp_path / "proc"
    me = proc / str(os.getpid())
    me.mkdir(parents=True)
    (me / "stat").write_text(f"{os.getpid()} (a (b) c) S {os.getppid()} 0")
    monkeypatch.setattr(procfs, "PROC", proc)
    monkeypatch.setattr(procfs, "CGROUP", tmp_path / "cgroup")
    return tmp_path


@pytest.mark.parametrize(
    ("lines", "folder", "file"),
    [
        ("3:cpu:/docker/x\n2:memory:/docker/x\n0::/\n", "memory/docker/x", "memory.usage_in_bytes"),
        ("0::/docker/x\n", "docker/x", "memory.current"),
        ("1:cpu:/\n0::/docker/x\n", "unified/docker/x", "memory.current"),
    ],
)
def test_memory_cgroups_of_both_versions(
    hierarchy: Path, lines: str, folder: str, file: str
) -> None:
    (hierarchy / "proc" / str(os.getpid()) / "cgroup").write_text(lines)
    cgroup = hierarchy / "cgroup" / folder
    cgroup.mkdir(parents=True)
    (cgroup / file).write_text(f"{3 << 20}\n")
    (cgroup / "cgroup.procs").write_text(f"{os.getpid()}\n")
    assert procfs.memory_cgroup(os.getpid()) == procfs.Cgroup(3.0, ("a (b) c",))


def test_no_memory_cgroup(hierarchy: Path) -> None:
    (hierarchy / "proc" / str(os.getpid()) / "cgroup").write_text("1:cpu:/docker/x\n")
    with pytest.raises(BenchError, match="no memory cgroup"):
        procfs.memory_cgroup(os.getpid())
