"""What the public routes answer, and every refusal, as models."""

from __future__ import annotations

from typing import Literal

from pydantic import Field
from pydantic.json_schema import SkipJsonSchema

from orchestrator.api.answers.models.base import Count, Milliseconds, Shown
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
    """Seconds since the server was started."""


class Healthy(_State):
    """Programs can be run."""

    status: Literal["healthy"]


class Unhealthy(_State):
    """No program can be run."""

    status: Literal["unhealthy"]
    reason: str
    """Why."""


class LanguageLimits(Shown):
    """What a run has when the request says nothing else."""

    wall_ms: Count
    """Wall time, ms."""
    memory_mb: Count
    """Memory, MiB."""
    processes: Count
    """Processes and threads."""


class Language(Shown):
    """A language a program may be in."""

    id: str
    """What `language` is in a request."""
    name: str
    """For people."""
    version: str
    """As its image reports it."""
    aliases: list[str]
    """What `language` may be instead of the id."""
    dialects: dict[str, list[str]]
    """Compiler arguments that an alias stands for, by alias; `compile_args` come after them."""
    extensions: list[str]
    """Of source files, as in `.py`; the first is the usual one."""
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
    """The job's."""
    language: str
    """Its language's id."""
    duration: Count
    """Ms since it was accepted."""
    phase: Phase
    """Where it is."""


class Slots(Shown):
    """How many jobs run at once."""

    total: Count
    """The number of slots."""
    used: Count
    """Slots in use; a slot is free again when its job's container is gone."""
    waiting: Count
    """Jobs that wait for a slot."""


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
    """Their total size, in bytes."""
    max_bytes: Count
    """The most that they may take, in bytes."""
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
    p95: Milliseconds
    p99: Milliseconds


class Latencies(Shown):
    """The latencies of jobs, by stage; `{}` for a stage that no job had."""

    queue: Percentiles | Nothing
    """In the queue."""
    sandbox: Percentiles | Nothing
    """Until there was a sandbox; of jobs that got one."""
    compile: Percentiles | Nothing
    """Compiling."""
    run: Percentiles | Nothing
    """Running."""
    total: Percentiles | Nothing
    """The whole job."""


class Nothing(Shown):
    """An empty object: no job had this stage."""


class Period(Shown):
    """The jobs that ended within a period."""

    seconds: float = Field(ge=0)
    """The length of the period, in seconds."""
    jobs: Count
    """The number of jobs that ended."""
    languages: dict[str, Count]
    """The number of jobs by language."""
    verdicts: dict[str, Count]
    """The number of jobs by verdict."""
    causes: dict[str, Count]
    """The number of jobs by cause."""
    outcomes: list[OutcomeCount]
    """The number of jobs by language, verdict and cause together."""
    latency_ms: Latencies
    """Percentiles."""


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
