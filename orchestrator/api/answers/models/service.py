"""What the public routes answer, and every refusal, as models."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.api.answers.models.base import Count, Milliseconds, Newer, Shown
from orchestrator.jobs.model import Cause, Phase, Verdict


class Problem(Shown):
    """One thing wrong with a request."""

    field: str
    """Its path, dotted, as in `limits.wall_ms` or `files.0.name`; `body` is the whole."""
    message: str
    """What is wrong with it."""


class Error(Shown):
    """A refusal. What a program does is never one."""

    error: str
    """What is wrong, for people."""
    code: str
    """What is wrong, for programs."""
    details: list[Problem] | SkipJsonSchema[None] = None
    """Field by field, where there is something to say."""


class _State(Shown):
    activeJobs: Count  # noqa: N815 - the older runner's name
    """Jobs accepted and not yet answered."""
    uptime: float = Field(ge=0)
    """Time since the server was started, s."""


class _Well(Shown):
    status: Literal["healthy"]


class _Ill(Shown):
    status: Literal["unhealthy"]
    reason: str
    """Why no program can be run."""


class Healthy(_State, _Well):
    """Programs can be run."""


class Unhealthy(_State, _Ill):
    """No program can be run."""


class LanguageLimits(Shown):
    """What a run has when the request says nothing else."""

    wall_ms: Count
    """The wall time, ms."""
    memory_mb: Count
    """The memory, MiB."""
    processes: Count
    """The number of processes and threads."""


class Language(Shown):
    """A language a program may be in."""

    id: str
    """The id: what `language` is in a request."""
    name: str
    """The name, for people."""
    version: str
    """The version, as its image reports it."""
    aliases: list[str]
    """Other names that `language` may be in a request."""
    dialects: Annotated[dict[str, list[str]], Newer()]
    """Of the `aliases` those that stand for compiler arguments, with these, as in
    `{"c++14": ["-std=c++14"]}`; `compile_args` come after them."""
    extensions: list[str]
    """The extensions of source files, as in `.py`; the first is the usual one."""
    compiled: bool
    """Whether there is a compile stage."""
    limits: LanguageLimits
    """What a run has when the request says nothing else."""


class Languages(Shown):
    """What is served right now."""

    languages: list[Language]
    """In the server's order."""


class ActiveJob(Shown):
    """A job accepted and not yet answered."""

    id: str
    """The job's id."""
    language: str
    """Its language's id."""
    duration: Count
    """Time since it was accepted, ms."""
    phase: Phase
    """Where it is."""


class Slots(Shown):
    """How many jobs run at once."""

    total: Count
    """The number of slots."""
    used: Count
    """Slots in use; one is free again when its job's container is gone."""
    waiting: Count
    """Jobs that wait in the queue for a slot."""


class Shelf(Shown):
    """The sandboxes of one language that wait for jobs."""

    ready: Count
    """The sandboxes that wait."""
    creating: Count
    """The sandboxes that are being made."""
    size: Count
    """The sandboxes that should wait."""
    hits: Count
    """Jobs that found a waiting sandbox."""
    misses: Count
    """Jobs that found no waiting sandbox."""


class CompileCache(Shown):
    """The compile cache: the compilations that are kept."""

    entries: Count
    """The number of compilations that are kept."""
    bytes: Count
    """Their total size, bytes."""
    max_bytes: Count
    """The most that they may take, bytes."""
    hits: Count
    """Jobs whose compilation was found."""
    misses: Count
    """Jobs whose compilation was not found."""


class OutcomeCount(Shown):
    """The number of jobs that ended in one way."""

    language: str
    """The language's id."""
    status: Verdict
    """The verdict."""
    killed_by: Cause | None
    """The cause."""
    jobs: Count
    """The number of these jobs."""


class Percentiles(Shown):
    """Percentiles of a latency, in ms, exact to 1 %."""

    p50: Milliseconds
    """Half of the jobs took no longer, ms."""
    p95: Milliseconds
    """95 % of the jobs took no longer, ms."""
    p99: Milliseconds
    """99 % of the jobs took no longer, ms."""


class Latencies(Shown):
    """The latencies of jobs, by stage; `{}` for a stage that no job had."""

    queue: Percentiles | Nothing
    """In the queue."""
    sandbox: Percentiles | Nothing
    """Until there was a sandbox, of the jobs that got one."""
    compile: Percentiles | Nothing
    """Compiling, of the compilations that ended."""
    run: Percentiles | Nothing
    """Running, of the runs that ended."""
    total: Percentiles | Nothing
    """The whole job."""


class Nothing(Shown):
    """An empty object: no job had this stage."""


class Period(Shown):
    """The jobs that ended within a period."""

    seconds: float = Field(ge=0)
    """The length of the period, s."""
    jobs: Count
    """The number of jobs that ended."""
    languages: dict[str, Count]
    """The number of jobs by language."""
    verdicts: dict[str, Count]
    """The number of jobs by verdict."""
    causes: dict[str, Count]
    """The number of jobs by cause, an answer's `killed_by`."""
    outcomes: list[OutcomeCount]
    """The number of jobs by language, verdict and cause together."""
    latency_ms: Latencies
    """Percentiles of the jobs' latencies, by stage; `{}` for a stage that no job had."""


class Stats(Shown):
    """The jobs under way, and those that ended."""

    activeJobs: Count  # noqa: N815 - the older runner's name
    """Jobs accepted and not yet answered."""
    jobs: list[ActiveJob]
    """Each of them."""
    slots: Slots | SkipJsonSchema[None] = None
    """How many jobs run at once."""
    pool: dict[str, Shelf] | SkipJsonSchema[None] = None
    """The sandboxes that wait, by language."""
    compile_cache: CompileCache | SkipJsonSchema[None] = None
    """Compilations kept."""
    since_start: Period | SkipJsonSchema[None] = None
    """The jobs that ended since the server was started."""
    last_15_minutes: Period | SkipJsonSchema[None] = None
    """The jobs that ended in the last 15 minutes."""
