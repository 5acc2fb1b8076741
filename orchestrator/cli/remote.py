"""A server spoken to over HTTP, by the commands; whatever goes wrong is one line."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, cast

import aiohttp

from orchestrator.cli.server import Server
from orchestrator.errors import RunnerError
from orchestrator.printable import printable_line

ANSWER_S = 60.0
"""For an answer as a whole; a rollback waits for the engine."""
CONNECT_S = 10.0
SILENCE_S = 60.0
"""A stream has a ping every 15 s."""
MAX_SHOWN = 2000
MAX_LINE = 16 << 20
_ID = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")

Json = dict[str, Any]


class RemoteError(RunnerError):
    """The server can't be spoken to, or refused; the message is for the person at the terminal."""


class RefusedError(RemoteError):
    """The server has understood, and refused."""

    def __init__(self, message: str, status: int) -> None:
        """`status`: HTTP's own."""
        super().__init__(message)
        self.status = status


class Remote:
    """One server; opened by `connect`."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        """`session` sends the key with every request."""
        self._server = server
        self._session = session

    @property
    def url(self) -> str:
        """Its address."""
        return self._server.url

    async def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """A request's JSON answer. Raises RemoteError."""
        times = aiohttp.ClientTimeout(total=ANSWER_S, sock_connect=CONNECT_S)
        async with self._request(method, path, body, times) as response:
            return await _read_json(response)

    async def events(self, method: str, path: str, body: Json | None = None) -> AsyncIterator[Json]:
        """The events of an answer that is a stream, up to its `result`. Raises RemoteError."""
        times = aiohttp.ClientTimeout(sock_connect=CONNECT_S, sock_read=SILENCE_S)
        accept = {"Accept": "application/x-ndjson"}
        async with self._request(method, path, body, times, accept) as response:
            is_over = False
            async for line in _lines(response.content):
                event = _parse(line)
                is_over = event.get("event") == "result"
                yield event
        if is_over:
            return
        raise RemoteError(f"{self._server.url}: the connection was cut before the end")

    @asynccontextmanager
    async def _request(
        self,
        method: str,
        path: str,
        body: Json | None,
        times: aiohttp.ClientTimeout,
        headers: Mapping[str, str] | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        url = self._server.url
        try:
            async with self._session.request(
                method,
                url + path,
                json=body,
                headers=headers,
                timeout=times,
                allow_redirects=False,  # the key is for this server alone
            ) as response:
                if response.status not in {200, 202}:
                    raise await _refusal(response, url)
                yield response
        except TimeoutError as err:
            raise RemoteError(f"{url}: no answer in time") from err
        except (aiohttp.ClientError, OSError) as err:
            raise RemoteError(f"{url} can't be spoken to: {_reason(err)}") from err


@asynccontextmanager
async def connect(server: Server) -> AsyncIterator[Remote]:
    """Speak to `server`; nothing is sent yet."""
    headers = {"Authorization": f"Bearer {server.key}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Remote(server, session)


def segment(name: str) -> str:
    """An id as a part of a path. Raises RemoteError for what can't be one."""
    if not _ID.fullmatch(name):
        raise RemoteError(f"{printable_line(name)!r} is no id")
    return name


@contextmanager
def understood() -> Iterator[None]:
    """Where an answer is made use of: of one that is not as it should be, RemoteError says so."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as err:
        raise RemoteError("The answer makes no sense: the server is of another version") from err


def _reason(err: aiohttp.ClientError | OSError) -> str:
    number = getattr(err, "errno", None)  # a name that can't be resolved has a negative one
    return os.strerror(number).lower() if number and number > 0 else printable_line(str(err))


async def _refusal(response: aiohttp.ClientResponse, url: str) -> RemoteError:
    """What the server says of it, and what to do where that is known."""
    status = response.status
    try:
        answer = await _read_json(response)
    except RemoteError:
        answer = {}
    text = printable_line(str(answer.get("error") or response.reason or ""))[:MAX_SHOWN]
    path = response.url.path
    if status == 401:  # noqa: PLR2004 - HTTP's own
        return RemoteError(f"{url}: the key is not one of the server's (401)")
    if status == 404 and "/admin" in path and text == "Not Found":  # noqa: PLR2004
        return RemoteError(f"{url}: there is no /admin: the server has no ADMIN_KEY (404)")
    if not answer.get("code"):
        return RemoteError(f"{url}: this is not a runner, it answers {status} {text}".rstrip())
    details = _pairs(answer.get("details"))
    return RefusedError(with_details(f"{text} ({status})", text, details), status)


def with_details(text: str, error: str, details: Iterable[tuple[str, str]]) -> str:
    """`text`, and of each field what `error` does not say already; shortened."""
    told = [message for field, message in details if error not in {message, f"{field}: {message}"}]
    return printable_line(": ".join([text, "; ".join(told)] if told else [text]))[:MAX_SHOWN]


def _pairs(details: object) -> list[tuple[str, str]]:
    known = details if isinstance(details, list) else []
    return [
        (str(each.get("field")), str(each.get("message")))
        for each in known
        if isinstance(each, dict)
    ]


async def _read_json(response: aiohttp.ClientResponse) -> Json:
    return _parse(await response.read())


def _parse(text: bytes) -> Json:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as err:
        raise RemoteError("The answer is not JSON: this is not a runner") from err
    if not isinstance(value, dict):
        raise RemoteError("The answer is not a JSON object: this is not a runner")
    return cast("Json", value)


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """Lines of up to MAX_LINE bytes, without their ends."""
    rest = bytearray()
    async for chunk in content.iter_any():
        *lines, tail = chunk.split(b"\n")
        for line in lines:
            yield bytes(rest) + line
            rest.clear()
        rest += tail
        if len(rest) > MAX_LINE:
            raise RemoteError("The answer has too long a line: this is not a runner")
