"""The client for asyncio."""

from __future__ import annotations

from http import HTTPStatus
from types import TracebackType
from typing import Self, Unpack, cast

from codebae_runner_client._connection import Connection, Fields, read
from codebae_runner_client._events import Event
from codebae_runner_client._requests import Submission
from codebae_runner_client._retry import Retries
from codebae_runner_client._service import Health, Language
from codebae_runner_client._stream import AsyncEvents
from codebae_runner_client._types import Answer, Judgement
from codebae_runner_client._wire import expect, find_key, find_url, parse, to_refusal

DEADLINE_S = 300.0

_ANSWER: Fields = {"status": str, "id": str, "timings": dict}


class AsyncStream(AsyncEvents[Event, Answer]):
    """A job's events, and its answer as `result`; left early, it ends the job."""


class AsyncRunner:
    """One server. To be used in `async with`, or closed with `aclose()`."""

    def __init__(
        self,
        url: str | None = None,
        api_key: str | None = None,
        *,
        deadline: float | None = DEADLINE_S,
        retries: Retries | None = None,
    ) -> None:
        """By default `RUNNER_URL` (with or without `/execute`) and `RUNNER_API_KEY` have these.

        `deadline`: the seconds a call may take in all, retries and the whole of a stream included;
        None: as long as it takes. Raises ConfigurationError.
        """
        self._connection = Connection(
            find_url(url),
            find_key(api_key),
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

    async def execute(self, **submission: Unpack[Submission]) -> Answer:
        """Run a program; its answer, whatever it did. Raises RunnerError.

        Whoever is cancelled meanwhile hangs up, which ends the job.
        """
        answer = await self._connection.ask("POST", "/execute", dict(submission))
        return cast("Answer", expect(answer, _ANSWER))

    async def judge(self, **submission: Unpack[Submission]) -> Judgement:
        """Run a program once for each of its `tests`. Raises RunnerError, and TypeError."""
        if not submission.get("tests"):
            raise TypeError("judge() needs tests")
        answer = await self._connection.ask("POST", "/execute", dict(submission))
        fields = {**_ANSWER, "tests": list, "summary": dict}
        return cast("Judgement", expect(answer, fields))

    def stream(self, **submission: Unpack[Submission]) -> AsyncStream:
        """Run a program, and see what happens when it does; `async for event in ...`."""
        events = self._connection.events("POST", "/execute", dict(submission), _ANSWER)
        return AsyncStream(self.url, events, self._connection.deadline)

    async def languages(self) -> list[Language]:
        """The languages a program may be in. Raises RunnerError."""
        answer = expect(await self._connection.ask("GET", "/languages"), {"languages": list})
        return cast("list[Language]", answer["languages"])

    async def health(self) -> Health:
        """Whether programs can be run; it is asked once. Raises RunnerError."""
        connection = self._connection
        async with connection.in_time(), connection.request("GET", "/health") as response:
            data = await read(response)
            if response.status not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
                raise to_refusal(response.status, response.headers, data)
            return cast("Health", expect(parse(data), {"status": str, "uptime": (int, float)}))
