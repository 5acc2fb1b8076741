"""The client of `/admin` for asyncio."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any, Self, cast

from codebae_runner_client._admin_types import (
    AdminJobs,
    AdminLanguage,
    Build,
    BuildEvent,
    BuildSummary,
    Draining,
    Stats,
)
from codebae_runner_client._connection import Connection, Fields
from codebae_runner_client._retry import NO_RETRIES, Retries
from codebae_runner_client._stream import AsyncEvents
from codebae_runner_client._wire import Json, expect, find_key, find_url

ADMIN_DEADLINE_S = 60.0
"""A rollback waits for the engine."""

_ID = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_BUILD: Fields = {"id": str, "language": str, "state": str, "checks": list}
_DRAINING: Fields = {"draining": bool, "activeJobs": int}
_LANGUAGE: Fields = {"id": str, "state": str}


class AsyncBuildLog(AsyncEvents[BuildEvent, Build]):
    """A build's log, and the build as it has ended as `result`; the build goes on without it."""


class AsyncAdmin:
    """One server, administered. To be used in `async with`, or closed with `aclose()`.

    What changes something is sent once; what only looks is tried again as a Runner's calls are.
    """

    def __init__(
        self,
        url: str | None = None,
        admin_key: str | None = None,
        *,
        deadline: float | None = ADMIN_DEADLINE_S,
        retries: Retries | None = None,
    ) -> None:
        """By default `RUNNER_URL` and `RUNNER_ADMIN_KEY` have these; the key is one of `ADMIN_KEY`.

        `deadline`: the seconds a call may take in all, but for a build's log, which has its own.
        Raises ConfigurationError.
        """
        self._connection = Connection(
            find_url(url),
            find_key(admin_key, "RUNNER_ADMIN_KEY"),
            deadline=deadline,
            retries=retries or Retries(),
        )

    @property
    def url(self) -> str:
        """The server's root."""
        return self._connection.url

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        err: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; what is under way on them ends."""
        await self._connection.aclose()

    async def jobs(self) -> AdminJobs:
        """The jobs under way. Raises RunnerError, as every method does."""
        return cast("AdminJobs", await self._look("/admin/jobs", {"jobs": list, "draining": bool}))

    async def end_job(self, job_id: str) -> None:
        """End a job: its caller is told that it was cancelled. Raises ValueError for no id."""
        await self._change("DELETE", f"/admin/jobs/{_segment(job_id)}", {"id": str})

    async def drain(self) -> Draining:
        """Have no more jobs taken; those under way go on."""
        return cast("Draining", await self._change("POST", "/admin/drain", _DRAINING))

    async def resume(self) -> Draining:
        """Have jobs taken again."""
        return cast("Draining", await self._change("DELETE", "/admin/drain", _DRAINING))

    async def stats(self) -> Stats:
        """What the server has run, and how fast."""
        return cast("Stats", await self._look("/stats", {"activeJobs": int, "jobs": list}))

    async def languages(self) -> list[AdminLanguage]:
        """Every language that has a folder or an image."""
        answer = await self._look("/admin/languages", {"languages": list})
        return cast("list[AdminLanguage]", answer["languages"])

    async def rebuild(self, language_id: str, *, no_cache: bool = False) -> Build:
        """Begin a build of a new image, which is used once all that is tried in it has passed.

        `no_cache`: every step is run again. Raises ValueError for what is no id.
        """
        body = {"no_cache": True} if no_cache else None
        path = f"/admin/languages/{_segment(language_id)}/rebuild"
        return cast("Build", await self._change("POST", path, _BUILD, body))

    async def roll_back(self, language_id: str) -> AdminLanguage:
        """Go back to the image before; the language as it is then. Raises as `rebuild` does."""
        return await self._change_language(language_id, "rollback")

    async def enable(self, language_id: str) -> AdminLanguage:
        """Have a language served, whether LANGUAGES names it or not. Raises as `rebuild` does."""
        return await self._change_language(language_id, "enable")

    async def disable(self, language_id: str) -> AdminLanguage:
        """Have a language served no more. Raises as `rebuild` does."""
        return await self._change_language(language_id, "disable")

    async def builds(self) -> list[BuildSummary]:
        """The latest builds, newest first."""
        answer = await self._look("/admin/builds", {"builds": list})
        return cast("list[BuildSummary]", answer["builds"])

    async def build(self, build_id: str) -> Build:
        """A build, with what was tried in it. Raises as `rebuild` does."""
        return cast("Build", await self._look(f"/admin/builds/{_segment(build_id)}", _BUILD))

    def build_log(
        self, build_id: str, *, start: int = 0, deadline: float | None = None
    ) -> AsyncBuildLog:
        """A build's events from number `start` on, to its end; `async for event in ...`.

        `deadline`: seconds for the whole; None: as long as the build takes. Raises ValueError.
        """
        path = f"/admin/builds/{_segment(build_id)}/log" + (f"?from={start}" if start else "")
        events = self._connection.events("GET", path, None, _BUILD)
        return AsyncBuildLog(self.url, events, deadline)

    async def cancel_build(self, build_id: str) -> Build:
        """End a build; what is served stays as it is. Raises as `rebuild` does."""
        path = f"/admin/builds/{_segment(build_id)}"
        return cast("Build", await self._change("DELETE", path, _BUILD))

    async def _change_language(self, language_id: str, action: str) -> AdminLanguage:
        path = f"/admin/languages/{_segment(language_id)}/{action}"
        return cast("AdminLanguage", await self._change("POST", path, _LANGUAGE))

    async def _look(self, path: str, fields: Fields) -> Json:
        return expect(await self._connection.ask("GET", path), fields)

    async def _change(
        self, method: str, path: str, fields: Fields, body: dict[str, Any] | None = None
    ) -> Json:
        answer = await self._connection.ask(method, path, body, retries=NO_RETRIES)
        return expect(answer, fields)


def _segment(name: str) -> str:
    """An id as a part of a path. Raises ValueError for what can't be one."""
    if not _ID.fullmatch(name):
        raise ValueError(f"{name!r} is no id")
    return name
