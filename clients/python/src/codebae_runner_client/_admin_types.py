"""What `/admin` and `/stats` answer: JSON objects as they are, typed.

The fields' meaning is the server's (docs/reference/admin.md and http.md).
"""

from __future__ import annotations

from typing import Literal, TypedDict

from codebae_runner_client._events import PingEvent
from codebae_runner_client._types import Verdict

Phase = Literal["queued", "creating", "compiling", "running"]
LanguageState = Literal["served", "disabled", "not served", "not built"]
BuildState = Literal[
    "queued", "building", "proving", "succeeded", "unchanged", "failed", "cancelled"
]


class TestsDone(TypedDict):
    """How far a job's tests are."""

    done: int
    total: int


class AdminJob(TypedDict):
    """A job under way; `duration` in ms since it was accepted."""

    id: str
    language: str
    version: str
    key: str
    phase: Phase
    duration: int
    position: int | None
    container: str | None
    tests: TestsDone | None


class AdminJobs(TypedDict):
    """The jobs under way, oldest first, and whether more are taken."""

    jobs: list[AdminJob]
    draining: bool


class Draining(TypedDict):
    """Whether jobs are taken, and how many are under way."""

    draining: bool
    activeJobs: int


class Check(TypedDict):
    """A limit or a sample that was tried in an image."""

    name: str
    passed: bool
    detail: str
    first_try: str


class BuildSummary(TypedDict):
    """A build, without its checks; times are ISO 8601, UTC."""

    id: str
    language: str
    state: BuildState
    requested_by: str
    created: str | None
    started: str | None
    ended: str | None
    version: str | None
    error: str | None
    passed: int
    failed: int


class Build(BuildSummary):
    """A build, with what was tried in it."""

    checks: list[Check]


class BuildStateEvent(TypedDict):
    """The build enters a state."""

    event: Literal["state"]
    number: int
    state: BuildState


class BuildTextEvent(TypedDict):
    """An image is begun, up to date, built, or could not be; or a line of the engine's log."""

    event: Literal["started", "skipped", "line", "finished", "failed"]
    number: int
    image: str
    text: str


class BuildCheckEvent(TypedDict):
    """A limit or a sample was tried."""

    event: Literal["check"]
    number: int
    image: str
    name: str
    passed: bool
    detail: str
    first_try: str


class BuildResultEvent(Build):
    """The last event: the build as it has ended."""

    event: Literal["result"]


BuildEvent = BuildStateEvent | BuildTextEvent | BuildCheckEvent | PingEvent | BuildResultEvent


class Image(TypedDict):
    """An image of a language; `size` in bytes."""

    version: str
    digest: str
    size: int
    built: str | None


class PoolState(TypedDict):
    """The sandboxes of a language that wait for jobs."""

    ready: int
    creating: int
    size: int
    hits: int
    misses: int


class Variant(TypedDict):
    """A language that runs on an image."""

    id: str
    name: str
    aliases: list[str]
    pool: PoolState | None


class AdminLanguage(TypedDict):
    """A folder of languages: its images, and what becomes of them."""

    id: str
    name: str | None
    state: LanguageState
    enabled: bool
    served_digest: str | None
    promoted: str | None
    current: Image | None
    checks: list[Check]
    previous: Image | None
    languages: list[Variant]
    last_build: BuildSummary | None


class ActiveJob(TypedDict):
    """A job under way, as `/stats` has it; `duration` in ms."""

    id: str
    language: str
    duration: int
    phase: Phase


class Slots(TypedDict):
    """How many jobs run at once, and how many wait."""

    total: int
    used: int
    waiting: int


class CompileCache(TypedDict):
    """Compilations that are kept; sizes in bytes."""

    entries: int
    bytes: int
    max_bytes: int
    hits: int
    misses: int


class OutcomeCount(TypedDict):
    """The number of jobs that ended in one way."""

    language: str
    status: Verdict
    killed_by: str | None
    jobs: int


class Period(TypedDict):
    """The jobs that ended within a period of `seconds`; latencies in ms by stage and percentile."""

    seconds: float
    jobs: int
    languages: dict[str, int]
    verdicts: dict[str, int]
    causes: dict[str, int]
    outcomes: list[OutcomeCount]
    latency_ms: dict[str, dict[str, float]]


class _Jobs(TypedDict):
    activeJobs: int
    jobs: list[ActiveJob]


class Stats(_Jobs, total=False):
    """The jobs under way, and those that ended; all of it for a key that may see it."""

    slots: Slots
    pool: dict[str, PoolState]
    compile_cache: CompileCache
    since_start: Period
    last_15_minutes: Period
