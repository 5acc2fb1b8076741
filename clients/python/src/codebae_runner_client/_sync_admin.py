"""The client of `/admin` for threads."""

from __future__ import annotations

from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from codebae_runner_client._admin_types import (
    AdminJobs,
    AdminLanguage,
    Build,
    BuildEvent,
    BuildSummary,
    Draining,
    Stats,
)
from codebae_runner_client._async_admin import ADMIN_DEADLINE_S, AsyncAdmin
from codebae_runner_client._loop import Cancellation, Loop
from codebae_runner_client._retry import Retries
from codebae_runner_client._stream import Events

T = TypeVar("T")


class BuildLog(Events[BuildEvent, Build]):
    """A build's log, and the build as it has ended as `result`; the build goes on without it."""


class Admin:
    """One server, administered. To be used in `with`, or closed with `close()`.

    As `AsyncAdmin`; threads may share it. Every method raises as that one's does.
    """

    def __init__(
        self,
        url: str | None = None,
        admin_key: str | None = None,
        *,
        deadline: float | None = ADMIN_DEADLINE_S,
        retries: Retries | None = None,
    ) -> None:
        """As `AsyncAdmin`. Raises ConfigurationError."""
        self._inner = AsyncAdmin(url, admin_key, deadline=deadline, retries=retries)
        self._loop = Loop()

    @property
    def url(self) -> str:
        """The server's root."""
        return self._inner.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._run(self._inner.aclose())
        self._loop.stop()

    def jobs(self) -> AdminJobs:
        """The jobs under way."""
        return self._run(self._inner.jobs())

    def end_job(self, job_id: str) -> None:
        """End a job: its caller is told that it was cancelled."""
        self._run(self._inner.end_job(job_id))

    def drain(self) -> Draining:
        """Have no more jobs taken; those under way go on."""
        return self._run(self._inner.drain())

    def resume(self) -> Draining:
        """Have jobs taken again."""
        return self._run(self._inner.resume())

    def stats(self) -> Stats:
        """What the server has run, and how fast."""
        return self._run(self._inner.stats())

    def languages(self) -> list[AdminLanguage]:
        """Every language that has a folder or an image."""
        return self._run(self._inner.languages())

    def rebuild(self, language_id: str, *, no_cache: bool = False) -> Build:
        """Begin a build of a new image, which is used once all that is tried in it has passed."""
        return self._run(self._inner.rebuild(language_id, no_cache=no_cache))

    def roll_back(self, language_id: str) -> AdminLanguage:
        """Go back to the image before; the language as it is then."""
        return self._run(self._inner.roll_back(language_id))

    def enable(self, language_id: str) -> AdminLanguage:
        """Have a language served, whether LANGUAGES names it or not."""
        return self._run(self._inner.enable(language_id))

    def disable(self, language_id: str) -> AdminLanguage:
        """Have a language served no more."""
        return self._run(self._inner.disable(language_id))

    def builds(self) -> list[BuildSummary]:
        """The latest builds, newest first."""
        return self._run(self._inner.builds())

    def build(self, build_id: str) -> Build:
        """A build, with what was tried in it."""
        return self._run(self._inner.build(build_id))

    def build_log(
        self,
        build_id: str,
        *,
        start: int = 0,
        deadline: float | None = None,
        cancellation: Cancellation | None = None,
    ) -> BuildLog:
        """A build's events from number `start` on, to its end; `for event in ...`."""
        inner = self._inner.build_log(build_id, start=start, deadline=deadline)
        return BuildLog(self._loop, inner, cancellation or Cancellation())

    def cancel_build(self, build_id: str) -> Build:
        """End a build; what is served stays as it is."""
        return self._run(self._inner.cancel_build(build_id))

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run(work, Cancellation())
