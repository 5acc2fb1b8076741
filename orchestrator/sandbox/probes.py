"""The probes of the self-test: one per limit, all run in one sandbox of an image.

`/sandbox/probe` (images/_agent) tries what each limit forbids. A kernel without a controller, a
runtime that ignores an option or a broken profile all look fine until a program tries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from orchestrator.errors import EngineError, EngineUnavailableError, SandboxError
from orchestrator.sandbox.contract import Backend, Sandbox
from orchestrator.sandbox.model import (
    LimitHit,
    LossReason,
    SandboxSpec,
    SourceFile,
    Stage,
    StageCause,
    StageKind,
    StageLoss,
    StageReport,
    Stream,
)

PROBE = "/sandbox/probe"
MEMORY_BYTES = 64 << 20
LOWERED_BYTES = 32 << 20
RAISED_BYTES = 96 << 20
TOO_LITTLE_BYTES = 7 << 20
"""Less memory than `FILLER_FILES` take, and more than the smallest limit that engines accept."""
PROCESSES = 16
OUTPUT_LIMIT = 10_000
WALL_MS = 10_000
"""A hundred times what a probe needs, as the machine may be busy."""
CPU_MS = 100
LIFETIME_S = 120
MAX_QUOTE = 40
START_CHECK = "start"
"""The name of the check that a sandbox starts at all; its failure says nothing about limits."""

NOT_KILLED = "but not killed: AppArmor may forbid it (docs/reference/hosts.md)"

FILLER_FILES = tuple(SourceFile(f"held{each}", bytes(4 << 20)) for each in range(2))
"""Files that use up memory (tmpfs): 8 MB, sent to where 10 MB fit."""

_Judge = Callable[[StageReport, str], bool]

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class LimitUpdate:
    """A change of the memory limit before a probe; `fits`: whether it must be accepted."""

    memory_bytes: int
    fits: bool = True
    files: tuple[SourceFile, ...] = ()
    """Files that are sent first."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: the arguments of `/sandbox/probe`, and `holds`, which judges what came of it."""

    name: str
    arguments: tuple[str, ...]
    holds: _Judge
    cpu_ms: int = 0
    update: LimitUpdate | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one probe in one image. `first_try`: how the first of two tries failed."""

    language: str
    check: str
    passed: bool
    detail: str
    first_try: str = ""


def _unprivileged(_report: StageReport, text: str) -> bool:
    fields = dict(line.split(":", 1) for line in text.splitlines() if ":" in line)
    values = {name.strip(): value.split() for name, value in fields.items()}
    return (
        "0" not in values.get("Uid", ["0"])
        and values.get("CapEff") == ["0000000000000000"]
        and values.get("CapPrm") == ["0000000000000000"]
        and values.get("NoNewPrivs") == ["1"]
        and values.get("Seccomp") == ["2"]
    )


def _survived(report: StageReport) -> bool:
    return report.exit_code == 0 and report.oom_kills == 0


def _killed_for(cause: StageCause) -> _Judge:
    """Judge that the program was killed by that limit, and did not merely exceed it."""
    return lambda report, _: report.cause is cause and report.exit_code is None


PROBES: tuple[Probe, ...] = (
    Probe("identity", ("identity",), _unprivileged),
    Probe("network", ("network",), lambda r, _: r.exit_code == 0),
    Probe("readonly", ("readonly",), lambda r, _: r.exit_code == 0),
    Probe(
        "output",
        ("output", "8"),
        lambda r, t: r.cause is StageCause.OUTPUT and len(t) == OUTPUT_LIMIT,
    ),
    Probe("cpu", ("cpu", "4"), _killed_for(StageCause.CPU), cpu_ms=CPU_MS),
    Probe("wall", ("cpu", "4"), _killed_for(StageCause.WALL)),
    Probe("processes", ("processes", "64"), lambda r, _: LimitHit.PROCESSES in r.limits_hit),
    Probe("memory", ("memory", "256"), lambda r, _: r.oom_kills > 0),
    # A runtime may enforce every initial limit, and yet be unable to change one. Each of these is
    # also valid in a fresh sandbox.
    Probe(
        "lowered memory",
        ("memory", "48"),
        lambda r, _: r.oom_kills > 0,
        update=LimitUpdate(LOWERED_BYTES),
    ),
    Probe(
        "raised memory",
        ("memory", "80"),
        lambda r, _: _survived(r),
        update=LimitUpdate(RAISED_BYTES),
    ),
    Probe(
        "refused memory",
        ("memory", "40"),
        lambda r, _: _survived(r),
        update=LimitUpdate(TOO_LITTLE_BYTES, fits=False, files=FILLER_FILES),
    ),
)


async def run_probes(backend: Backend, language: str, image: str) -> list[ProbeResult]:
    """Run the probes in one image, up to the first that fails twice; returns their results.

    A probe that fails once is run again in a fresh sandbox: the machine may have been at fault.
    Raises EngineError when they could not be run, which says nothing about the limits.
    """
    passed: list[ProbeResult] = []
    failed: ProbeResult | None = None
    while len(passed) < len(PROBES):
        try:
            tried = await _try_in_turn(backend, language, image, PROBES[len(passed) :])
        except EngineError as err:
            if failed is not None or isinstance(err, EngineUnavailableError):
                raise
            tried = [ProbeResult(language, START_CHECK, passed=False, detail=str(err))]
        if failed is not None:
            tried[0] = replace(tried[0], first_try=_first_try(failed, tried[0]))
        passed += [each for each in tried if each.passed]
        is_second = failed is not None and len(tried) == 1
        failed = None if tried[-1].passed else tried[-1]
        if failed is not None:
            if is_second:
                return [*passed, failed]
            log.info("tried_again", language=language, trial=failed.check, detail=failed.detail)
    return passed


def _first_try(failed: ProbeResult, again: ProbeResult) -> str:
    """Describe the first failure, with its name if the second try failed at something else."""
    return failed.detail if failed.check == again.check else f"{failed.check}: {failed.detail}"


async def _try_in_turn(
    backend: Backend, language: str, image: str, probes: Sequence[Probe]
) -> list[ProbeResult]:
    """Run the probes in one sandbox, up to the first that fails."""
    spec = SandboxSpec("selftest", image, MEMORY_BYTES, PROCESSES, LIFETIME_S, uses_compiler=False)
    try:
        sandbox = await backend.open(spec)
    except SandboxError as err:
        return [ProbeResult(language, START_CHECK, passed=False, detail=str(err))]
    results = []
    try:
        for probe in probes:
            results.append(await _try(sandbox, language, probe))
            if not results[-1].passed:
                break
    finally:
        await sandbox.close()
    return results


async def _try(sandbox: Sandbox, language: str, probe: Probe) -> ProbeResult:
    if probe.update is not None:
        fault = await _update(sandbox, probe.update)
        if fault:
            return ProbeResult(language, probe.name, passed=False, detail=fault)
    output = bytearray()

    async def sink(stream: Stream, data: bytes) -> None:
        if stream is Stream.STDOUT:
            output.extend(data)

    wall_ms = CPU_MS if probe.name == "wall" else WALL_MS
    stage = Stage(
        StageKind.RUN,
        (PROBE, *probe.arguments),
        wall_ms=wall_ms,
        cpu_ms=probe.cpu_ms,
        stdout_limit=OUTPUT_LIMIT,
        stderr_limit=OUTPUT_LIMIT,
        env={"PATH": "/usr/bin:/bin"},
    )
    outcome = await sandbox.run_stage(stage, sink)
    text = output.decode("utf-8", "replace")
    if isinstance(outcome, StageLoss):
        if outcome.reason is LossReason.OUTSIDE:
            raise EngineError(f"the {probe.name} probe was cut off: {outcome.detail}")
        return ProbeResult(language, probe.name, passed=False, detail=outcome.detail)
    passed = probe.holds(outcome, text)
    return ProbeResult(language, probe.name, passed=passed, detail=_describe(outcome, text))


async def _update(sandbox: Sandbox, update: LimitUpdate) -> str:
    """Change the limit; return what is wrong with the outcome, or an empty text."""
    to = f"the memory limit's change to {update.memory_bytes >> 20} MB"
    if update.files:
        await sandbox.send_files(update.files, build=False, work=True)
    try:
        fits = await sandbox.set_limits(update.memory_bytes, PROCESSES)
    except EngineUnavailableError:
        raise
    except (EngineError, SandboxError) as err:
        return f"{to}: {err}"
    if fits == update.fits:
        return ""
    return f"{to} was {'made, below what is in use' if fits else 'refused, with nothing in use'}"


def _describe(report: StageReport, text: str) -> str:
    """Describe in a few words how the probe ended."""
    seen = []
    if report.cause is not StageCause.NONE:
        seen.append(f"ended by the {report.cause.value} limit")
        if report.exit_code is not None and report.cause is not StageCause.OUTPUT:
            seen.append(NOT_KILLED)
    if report.oom_kills:
        seen.append("out-of-memory kill")
    if report.limits_hit:
        seen.append("met " + ", ".join(sorted(report.limits_hit)))
    if report.exit_code is not None:
        seen.append(f"exit code {report.exit_code}")
    if report.cause is not StageCause.OUTPUT and text.strip():
        seen.append(f"printed {' '.join(text.strip().splitlines()[0].split())[:MAX_QUOTE]}")
    return "; ".join(seen) or f"signal {report.signal}"
