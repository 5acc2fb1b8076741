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
    """The job's id, as in its answer and in the log."""
    language: str
    """Its language's id."""
    version: str
    """The version of the image it runs on."""
    key: str
    """[The name of the key](keys.md) that sent it."""
    phase: Phase
    """Where it is."""
    duration: Count
    """Time since it was accepted, ms."""
    position: Count | None
    """Its place in the queue: 1 is next; null when it does not wait."""
    container: str | None
    """The name of its container; null where it has none yet."""
    tests: TestsDone | None
    """How far its tests are; null for a job without."""


class AdminJobs(Shown):
    """The jobs under way."""

    jobs: list[AdminJob]
    """The jobs accepted and not yet answered, oldest first."""
    draining: bool
    """Whether jobs are refused, by an admin's word or because the server is shutting down."""


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
    """The limit or sample that was tried."""
    passed: bool
    """Whether the check passed."""
    detail: str
    """What the check saw, or why it failed."""
    first_try: str
    """What came of a first try that failed: such a check is tried once more. Empty where one was
    enough."""


class BuildSummary(Shown):
    """A build, without what was tried in it."""

    id: str
    """The build's id."""
    language: str
    """The name of the language's folder."""
    state: BuildState
    """Where it is. `queued`: another language's build is at work; `unchanged`: what came of it is
    the very image in use. The last four are for good."""
    requested_by: str
    """[The name of the admin's key](keys.md): `admin-`, and how its SHA-256 begins."""
    created: str | None
    """When it was asked for, UTC."""
    started: str | None
    """When it was begun, UTC; null before."""
    ended: str | None
    """When it was over, UTC; null before."""
    version: str | None
    """What the new image reports; null before it is there."""
    error: str | None
    """What went wrong, with the line that matters; null unless it failed."""
    passed: Count
    """The number of limits and samples that passed."""
    failed: Count
    """The number of limits and samples that failed."""


class Build(BuildSummary):
    """A build."""

    checks: list[Check]
    """The limits and samples that were tried."""


class Builds(Shown):
    """The latest builds."""

    builds: list[BuildSummary]
    """Newest first."""


class Image(Shown):
    """A language's image."""

    version: str
    """The version, as its compiler or interpreter reports it."""
    digest: str
    """The id of the image on the engine."""
    size: Count
    """Its size, bytes."""
    built: str | None
    """When the image was built, UTC."""


class Variant(Shown):
    """A language that runs on an image."""

    id: str
    """The language's id."""
    name: str
    """The name, for people."""
    aliases: list[str]
    """Its other names."""
    pool: Shelf | None
    """[Its sandboxes that wait](http.md#get-stats); null where none are kept."""


class AdminLanguage(Shown):
    """A language: its images, and what becomes of them."""

    id: str
    """The folder's name."""
    name: str | None
    """The name, for people; null where no image tells it."""
    state: Literal["served", "disabled", "not served", "not built"]
    """Whether jobs in it are run. `disabled`: by an admin; `not served`: `LANGUAGES` does not name
    it and no admin has enabled it, or its image is not fit to be served."""
    enabled: bool
    """Whether an admin has enabled it, so that it is served whatever `LANGUAGES` names."""
    served_digest: str | None
    """The image that new jobs run on; not the current one's for as long as that has not been taken
    on, or where a limit does not hold in it."""
    promoted: str | None
    """When `current` became that, or was last rolled back to, as the engine has it; null where it
    does not know."""
    current: Image | None
    """The image that jobs are to run on; null where there is none."""
    checks: list[Check]
    """Every limit and sample that was tried in `current` before it was used; empty where this
    server did not prove it."""
    previous: Image | None
    """The image to go back to; null where there is none."""
    languages: list[Variant]
    """The language itself and its variants."""
    last_build: BuildSummary | None
    """The latest build that this server made of it; null where there was none."""


class AdminLanguages(Shown):
    """Every language that has a folder or an image."""

    languages: list[AdminLanguage]
    """By folder."""
