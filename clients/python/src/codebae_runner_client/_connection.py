"""What every client does over HTTP: a request, its deadline, its retries, an answer or a stream."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

import aiohttp

from codebae_runner_client._retry import Retries, never_ran
from codebae_runner_client._wire import MAX_BYTES, Json, Lines, expect, parse, to_refusal
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

Fields = Mapping[str, type | tuple[type, ...]]

_NDJSON = "application/x-ndjson"
_DONE = {HTTPStatus.OK, HTTPStatus.ACCEPTED}


class Connection:
    """One server, and the key sent to it; nothing is opened before the first request."""

    def __init__(
        self, url: str, key: str | None, *, deadline: float | None, retries: Retries
    ) -> None:
        """`url`: the server's root; `deadline`: seconds for a call as a whole, None: no bound."""
        self.url = url
        self.deadline = deadline
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._retries = retries
        self._opened: aiohttp.ClientSession | None = None

    async def aclose(self) -> None:
        """Close the connections; what is under way on them ends."""
        if self._opened is not None:
            await self._opened.close()
            self._opened = None

    async def ask(
        self, method: str, path: str, body: Json | None = None, *, retries: Retries | None = None
    ) -> Json:
        """A request's JSON answer, within the deadline. Raises RunnerError."""
        async with self.in_time():
            failed = 0
            while True:
                try:
                    return await self._ask_once(method, path, body)
                except RunnerError as err:
                    failed += 1
                    await _wait(retries or self._retries, failed, err)

    async def _ask_once(self, method: str, path: str, body: Json | None) -> Json:
        async with self.request(method, path, body) as response:
            data = await read(response)
            if response.status not in _DONE:
                raise to_refusal(response.status, response.headers, data)
            return parse(data)

    async def events(
        self, method: str, path: str, body: Json | None, result: Fields
    ) -> AsyncGenerator[Json, None]:
        """A stream's events to its `result`, which has these fields; no deadline is kept.

        It is asked for again for as long as nothing has come. Raises RunnerError.
        """
        failed = 0
        while True:
            try:
                async with self._open_stream(method, path, body) as response:
                    async for event in _events(response, result):
                        yield event
                    return
            except RunnerError as err:
                if not never_ran(err):
                    raise
                failed += 1
                await _wait(self._retries, failed, err)

    @asynccontextmanager
    async def _open_stream(
        self, method: str, path: str, body: Json | None
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        async with self.request(method, path, body, {"Accept": _NDJSON}) as response:
            if response.status not in _DONE:
                raise to_refusal(response.status, response.headers, await read(response))
            if response.content_type != _NDJSON:
                raise ProtocolError("The answer is no stream: this is not a runner")
            yield response

    @asynccontextmanager
    async def in_time(self) -> AsyncIterator[None]:
        """What is done within the deadline. Raises DeadlineError."""
        try:
            async with asyncio.timeout(self.deadline):
                yield
        except TimeoutError as err:
            if isinstance(err, DeadlineError):
                raise
            raise DeadlineError(f"{self.url}: not done within {self.deadline} s") from err

    @asynccontextmanager
    async def request(
        self,
        method: str,
        path: str,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """One request, whatever its status; with `headers` it is a stream that may not be silent.

        Raises ConnectionFailedError or ConnectionLostError, whose cause is aiohttp's.
        """
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


async def read(response: aiohttp.ClientResponse) -> bytes:
    """The whole body. Raises ProtocolError when it is too long."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > MAX_BYTES:
            raise ProtocolError("The answer is too long: this is not a runner")
    return bytes(body)


async def _wait(retries: Retries, failed: int, err: RunnerError) -> None:
    """Until the next try. Raises `err` where there is none, also where time would not do."""
    wait = retries.wait(failed, err)
    if wait is None:
        raise err
    await asyncio.sleep(wait)


async def _events(response: aiohttp.ClientResponse, result: Fields) -> AsyncIterator[Json]:
    """Up to `result`. Raises ConnectionLostError when that does not come, and ProtocolError."""
    lines = Lines()
    async for chunk in response.content.iter_any():
        for line in lines.feed(chunk):
            event = expect(parse(line), {"event": str})
            if event["event"] == "result":
                yield expect(event, result)
                return
            yield event
    raise ConnectionLostError("The connection was cut before the end")


def _reason(err: Exception) -> str:
    found = getattr(err, "strerror", None)
    return str(found).lower() if found else "no answer"
