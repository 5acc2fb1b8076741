"""What the routes of `/admin` answer, as models."""

from __future__ import annotations

from typing import Literal

from orchestrator.api.answers.models.base import Count, Shown
from orchestrator.api.answers.models.service import Shelf
from orchestrator.images.build_queue import BuildState
from orchestrator.jobs.model import Phase


class TestsDone(Shown):
    """How far a job's tests are."""

    done: Count
    """The tests that have a result."""
    total: Count
    """The tests of the job."""


class AdminJob(Shown):
    """A job accepted and not yet answered, as an admin sees it."""

    id: str
    """As in its answer and in the log."""
    language: str
    """Its language's id."""
    version: str
    """The version of the image it runs on."""
    key: str
    """The name of the key that sent it."""
    phase: Phase
    """Where it is."""
    duration: Count
    """Ms since it was accepted."""
    position: Count | None
    """Its place in the queue: 1 is next; null when it does not wait."""
    container: str | None
    """The name of its container; null where it has none yet."""
    tests: TestsDone | None
    """How far its tests are; null for a job without."""


class AdminJobs(Shown):
    """The jobs under way."""

    jobs: list[AdminJob]
    """Oldest first."""
    draining: bool
    """Whether jobs are refused."""


class EndedJob(Shown):
    """A job that ends now."""

    id: str
    """The job's."""


class Draining(Shown):
    """Whether jobs are taken."""

    draining: bool
    """Whether jobs are refused."""
    activeJobs: Count  # noqa: N815 - as in `GET /stats`
    """Jobs accepted and not yet answered."""


class Check(Shown):
    """A limit or a sample that was tried."""

    name: str
    """What was tried."""
    passed: bool
    """Whether the check passed."""
    detail: str
    """What the check saw, or why it failed."""
    first_try: str
    """What came of a first try that failed; empty where one was enough."""


class BuildSummary(Shown):
    """A build, without what was tried in it."""

    id: str
    """The build's."""
    language: str
    """The folder's name."""
    state: BuildState
    """Where it is; the last four are for good."""
    requested_by: str
    """The name of the admin's key: `admin-`, and how its SHA-256 begins."""
    created: str | None
    """When it was asked for, UTC."""
    started: str | None
    """When it was begun, UTC."""
    ended: str | None
    """When it was over, UTC."""
    version: str | None
    """What the new image reports; null before it is there."""
    error: str | None
    """What went wrong; null unless it failed."""
    passed: Count
    """The number of limits and samples that passed."""
    failed: Count
    """The number of limits and samples that failed."""


class Build(BuildSummary):
    """A build."""

    checks: list[Check]
    """What was tried."""


class Builds(Shown):
    """The latest builds."""

    builds: list[BuildSummary]
    """Newest first."""


class Image(Shown):
    """A language's image."""

    version: str
    """As its compiler or interpreter reports it."""
    digest: str
    """The id of the image on the engine."""
    size: Count
    """In bytes."""
    built: str | None
    """When the image was built, UTC."""


class Variant(Shown):
    """A language that runs on an image."""

    id: str
    """The language's."""
    name: str
    """For people."""
    aliases: list[str]
    """Its other names."""
    pool: Shelf | None
    """Its sandboxes that wait; null where none are kept."""


class AdminLanguage(Shown):
    """A language: its images, and what becomes of them."""

    id: str
    """The folder's name."""
    name: str | None
    """For people; null where no image tells it."""
    state: Literal["served", "disabled", "not served", "not built"]
    """Whether jobs in it are run."""
    enabled: bool
    """Whether an admin has enabled it."""
    served_digest: str | None
    """The image that new jobs run on."""
    promoted: str | None
    """When `current` became that, or was last rolled back to."""
    current: Image | None
    """The image that jobs are to run on."""
    checks: list[Check]
    """What was tried in `current` before it was used."""
    previous: Image | None
    """The image to go back to."""
    languages: list[Variant]
    """The language itself and its variants."""
    last_build: BuildSummary | None
    """The latest build this server made of it."""


class AdminLanguages(Shown):
    """Every language that has a folder or an image."""

    languages: list[AdminLanguage]
    """By folder."""
