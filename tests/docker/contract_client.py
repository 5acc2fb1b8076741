"""Asks a server and holds whatever it answers against the contract."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp

from tests.docker.contract_shapes import ContractViolationError, Json, require
from tests.docker.http_contract import check_answer, check_error, check_headers
from tests.docker.stream_contract import check_stream, parse_json, parse_ndjson, parse_sse

JSON, SSE, NDJSON = "application/json", "text/event-stream", "application/x-ndjson"
FORMS = (JSON, SSE, NDJSON)


@dataclass(frozen=True)
class Reply:
    """How a request was answered. `answer`: the result, or the error where status is not 200."""

    status: int
    headers: Mapping[str, str]
    answer: Json


@dataclass(frozen=True)
class Asked:
    """A request as it goes over the wire, and what of it the contract's checks must know."""

    body: bytes
    headers: Mapping[str, str]
    form: str = JSON
    encoding: str = "utf8"
    path: str = "/execute"
    method: str = "POST"


@asynccontextmanager
async def open_session(url: str) -> AsyncIterator[aiohttp.ClientSession]:
    """One connection per request: none is reused that the server is about to close."""
    connector = aiohttp.TCPConnector(force_close=True)
    async with aiohttp.ClientSession(url, connector=connector) as session:
        yield session


async def ask(session: aiohttp.ClientSession, asked: Asked) -> Reply:
    """The answer. Raises ContractViolationError."""
    body = io.BytesIO(asked.body)  # aiohttp warns of long bytes
    headers = {**asked.headers, "Accept": asked.form}
    async with session.request(asked.method, asked.path, data=body, headers=headers) as response:
        return check_reply(asked, response.status, response.headers, await response.read())


def check_reply(asked: Asked, status: int, headers: Mapping[str, str], body: bytes) -> Reply:
    text = _decode(body)
    given = asked.headers.get("X-Request-Id")
    require(given in (None, headers.get("X-Request-Id")), "another X-Request-Id", given)
    if status != 200:
        answer = parse_json(text)
        check_error(status, headers, answer)
        return Reply(status, headers, answer)
    check_headers(headers, asked.form)
    if asked.form == JSON:
        answer = parse_json(text)
        check_answer(answer, asked.encoding)
    else:
        events = parse_sse(text) if asked.form == SSE else parse_ndjson(text)
        answer = check_stream(events, asked.encoding)
    return Reply(status, headers, answer)


def _decode(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError as err:
        raise ContractViolationError(f"not UTF-8: {body[:100]!r}") from err
