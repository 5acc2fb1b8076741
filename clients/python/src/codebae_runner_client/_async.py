"""The client for asyncio."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self, Unpack, cast

import aiohttp

from codebae_runner_client._events import Event
from codebae_runner_client._requests import Submission
from codebae_runner_client._retry import Retries, never_ran
from codebae_runner_client._service import Health, Language
from codebae_runner_client._types import Answer, Judgement
from codebae_runner_client._wire import (
    MAX_BYTES,
    Json,
    Lines,
    expect,
    find_key,
    find_url,
    parse,
    to_refusal,
)
from codebae_runner_client.errors import (
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineError,
    ProtocolError,
    RunnerError,
)

CONNECT_S = 10.0
SILENCE_S = 60.0
"""A stream has a ping every 15 s."""
DEADLINE_S = 300.0

_ANSWER: dict[str, type | tuple[type, ...]] = {"status": str, "id": str, "timings": dict}


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
        self.url = find_url(url)
        key = find_key(api_key)
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._deadline = deadline
        self._retries = retries or Retries()
        self._opened: aiohttp.ClientSession | None = None

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
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def execute(self, **submission: Unpack[Submission]) -> Answer:
        """Run a program; its answer, whatever it did. Raises RunnerError.

        Whoever is cancelled meanwhile hangs up, which ends the job.
        """
        answer = await self._ask("POST", "/execute", dict(submission))
        return cast("Answer", expect(answer, _ANSWER))

    async def judge(self, **submission: Unpack[Submission]) -> Judgement:
        """Run a program once for each of its `tests`. Raises RunnerError, and TypeError."""
        if not submission.get("tests"):
            raise TypeError("judge() needs tests")
        answer = await self._ask("POST", "/execute", dict(submission))
        fields = {**_ANSWER, "tests": list, "summary": dict}
        return cast("Judgement", expect(answer, fields))

    def stream(self, **submission: Unpack[Submission]) -> AsyncStream:
        """Run a program, and see what happens when it does; `async for event in ...`."""
        return AsyncStream(self, dict(submission))

    async def languages(self) -> list[Language]:
        """The languages a program may be in. Raises RunnerError."""
        answer = expect(await self._ask("GET", "/languages"), {"languages": list})
        return cast("list[Language]", answer["languages"])

    async def health(self) -> Health:
        """Whether programs can be run; it is asked once. Raises RunnerError."""
        async with self._in_time(), self._request("GET", "/health") as response:
            data = await _read(response)
            if response.status not in {HTTPStatus.OK, HTTPStatus.SERVICE_UNAVAILABLE}:
                raise to_refusal(response.status, response.headers, data)
            return cast("Health", expect(parse(data), {"status": str, "uptime": (int, float)}))

    async def _ask(self, method: str, path: str, body: Json | None = None) -> Json:
        async with self._in_time():
            failed = 0
            while True:
                try:
                    return await self._ask_once(method, path, body)
                except RunnerError as err:
                    failed += 1
                    await self._wait(failed, err)

    async def _ask_once(self, method: str, path: str, body: Json | None) -> Json:
        async with self._request(method, path, body) as response:
            data = await _read(response)
            if response.status != HTTPStatus.OK:
                raise to_refusal(response.status, response.headers, data)
            return parse(data)

    async def events(self, body: Json) -> AsyncIterator[Event]:
        """A stream's events to the last one; retried for as long as nothing has come."""
        failed = 0
        while True:
            try:
                async with self._open_stream(body) as response:
                    async for event in _events(response):
                        yield event
                    return
            except RunnerError as err:
                if not never_ran(err):
                    raise
                failed += 1
                await self._wait(failed, err)

    @asynccontextmanager
    async def _open_stream(self, body: Json) -> AsyncIterator[aiohttp.ClientResponse]:
        accept = {"Accept": "application/x-ndjson"}
        async with self._request("POST", "/execute", body, accept) as response:
            if response.status != HTTPStatus.OK:
                raise to_refusal(response.status, response.headers, await _read(response))
            if response.content_type != accept["Accept"]:
                raise ProtocolError("The answer is no stream: this is not a runner")
            yield response

    async def _wait(self, failed: int, err: RunnerError) -> None:
        """Until the next try. Raises `err` where there is none, also where time would not do."""
        wait = self._retries.wait(failed, err)
        if wait is None:
            raise err
        await asyncio.sleep(wait)

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(self._deadline):
                yield
        except TimeoutError as err:
            if isinstance(err, DeadlineError):
                raise
            raise DeadlineError(f"{self.url}: not done within {self._deadline} s") from err

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        silence = SILENCE_S if headers else None
        times = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S, sock_read=silence)
        try:
            async with self._session().request(
                method,
                self.url + path,
                json=body,
                headers=headers,
                timeout=times,
                allow_redirects=False,  # the key is for this server alone
            ) as response:
                yield response
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as err:
            raise ConnectionFailedError(f"{self.url} can't be reached: {_reason(err)}") from err
        except aiohttp.SocketTimeoutError as err:
            raise ConnectionLostError(f"{self.url} has fallen silent") from err
        except (aiohttp.ClientError, ConnectionError) as err:
            raise ConnectionLostError(f"{self.url}: the connection was lost") from err

    def _session(self) -> aiohttp.ClientSession:
        if self._opened is None:
            self._opened = aiohttp.ClientSession(headers=self._headers)
        return self._opened


class AsyncStream:
    """A job's events; its `result` once the last has come.

    In `async with`, or closed, it hangs up when it is left before its end, which ends the job.
    """

    def __init__(self, runner: AsyncRunner, body: Json) -> None:
        """Nothing is sent before the first event is asked for."""
        self.result: Answer | None = None
        self._runner = runner
        self._events = runner.events(body)
        self._until: float | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        """The next event. Raises RunnerError; DeadlineError when the whole has taken too long."""
        loop, deadline = asyncio.get_running_loop(), self._runner._deadline  # noqa: SLF001
        if self._until is None and deadline is not None:
            self._until = loop.time() + deadline
        try:
            async with asyncio.timeout_at(self._until):
                event = await anext(self._events)
        except TimeoutError as err:
            await self.aclose()
            raise DeadlineError(f"{self._runner.url}: not done within {deadline} s") from err
        if event["event"] == "result":
            self.result = event
        return event

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
        """Hang up, where the stream is not at its end."""
        close: Any = getattr(self._events, "aclose", None)
        if close is not None:
            await close()


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ProtocolError when it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProtocolError("The answer is too long: this is not a runner")
    return bytes(body)


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[Event]:
    """Up to `result`. Raises ConnectionLostError when that does not come, and ProtocolError."""
    lines = Lines()
    async for chunk in response.content.iter_any():
        for line in lines.feed(chunk):
            event = expect(parse(line), {"event": str})
            if event["event"] == "result":
                yield cast("Event", expect(event, _ANSWER))
                return
            yield cast("Event", event)
    raise ConnectionLostError("The connection was cut before the end")


def _reason(err: Exception) -> str:
    found = getattr(err, "strerror", None)
    return str(found).lower() if found else "no answer"
