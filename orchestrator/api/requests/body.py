"""A request's body: read within bounds of size and time, parsed as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import NoReturn, TypeVar

from aiohttp import web
from aiohttp.http import HttpVersion11
from aiohttp.http_exceptions import HttpProcessingError

from orchestrator.api.errors import ApiError, Problem, invalid
from orchestrator.api.requests.json_text import (
    SMALL,
    TooDeepError,
    TooManyValuesError,
    read_json_text,
)
from orchestrator.api.requests.off_loop import off_loop
from orchestrator.api.requests.packing import badly_encoded, packing, too_long, unpack

T = TypeVar("T")

GO_ON = "100-continue"
COPIES = 2
"""Of a body: as it came, and as it is read."""
MOST_VALUES = 20_000
"""Most values in a body: strings, numbers, lists and all else. No request has use for as many."""


async def read_json(
    request: web.Request,
    check: Callable[[object], T],
    *,
    max_bytes: int,
    timeout_s: float,
    hold: Callable[[int], None],
) -> T:
    """What `check` makes of the body's JSON value; an empty body is `{}`, as for the older runner.

    `max_bytes` counts what is left after a `Content-Encoding` was undone. Raises ApiError: 415 for
    a type that isn't JSON, 413 when too long, 408 when it took longer than `timeout_s` seconds,
    400 when it was cut short or does not parse; and as `check` does.
    """
    if request.content_type != "application/json":
        raise ApiError(415, "unsupported_media_type", "The Content-Type must be application/json")
    body = await read_body(request, max_bytes=max_bytes, timeout_s=timeout_s, hold=hold)
    return await off_loop(len(body), lambda: check(parse_json(body) if body else {}))


async def read_body(
    request: web.Request,
    *,
    max_bytes: int,
    timeout_s: float,
    hold: Callable[[int], None] = lambda _: None,
) -> bytes:
    """At most `max_bytes` of body, unpacked, within `timeout_s` seconds.

    `hold` is told how much it takes so far, and may raise. Raises ApiError 413, 408, 415 for a
    packing that is not known, or 400.
    """
    packed_as = packing(request.headers.get("Content-Encoding", ""))
    body: bytes | bytearray = b""
    try:
        _check_length(request.content_length or 0, max_bytes)
        if request.content.is_eof():  # it came with the head, as most do
            body = request.content.read_nowait()
            _check_length(len(body), max_bytes)
            hold(COPIES * len(body))
        else:
            body = bytearray()
            await _say_go_on(request)
            async with asyncio.timeout(timeout_s):
                async for chunk in request.content.iter_any():
                    body += chunk
                    _check_length(len(body), max_bytes)
                    hold(COPIES * len(body))
    except TimeoutError as err:
        text = f"The body did not arrive within {timeout_s:g} s"
        raise ApiError(408, "timeout", text) from err
    except (web.RequestPayloadError, HttpProcessingError, ConnectionError) as err:
        raise badly_encoded() from err
    return await unpack(bytes(body), packed_as, max_bytes, hold)


async def expect_nothing(request: web.Request) -> None:
    """What a route does about `Expect: 100-continue`: the body is asked for when it is wanted."""
    if request.headers.get("Expect", "").lower() != GO_ON:
        raise web.HTTPExpectationFailed


async def _say_go_on(request: web.Request) -> None:
    if request.headers.get("Expect", "").lower() == GO_ON and request.version == HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0


def parse_json(body: bytes, most: int = MOST_VALUES) -> object:
    """A JSON text's value, of `most` values. UTF-8 only, without NaN and Infinity.

    Raises ApiError (400). To be done off the loop where the body is large.
    """
    try:
        text = body.decode("utf-8-sig")
        if len(text) > SMALL:
            return read_json_text(text, most)
        return json.loads(text, parse_constant=_refuse_constant)
    except UnicodeDecodeError as err:
        raise _not_json("it is not UTF-8") from err
    except json.JSONDecodeError as err:
        raise _not_json(f"{err.msg}, line {err.lineno} column {err.colno}") from err
    except TooManyValuesError as err:
        raise invalid([Problem("body", f"has more than {most} values")]) from err
    except (RecursionError, TooDeepError) as err:
        raise _not_json("it is nested too deeply") from err
    except ValueError as err:
        raise _not_json("it has a number that is not allowed") from err


def _check_length(length: int, max_bytes: int) -> None:
    if length > max_bytes:
        raise too_long(max_bytes)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _not_json(why: str) -> ApiError:
    return invalid([Problem("body", why)], f"The body is not valid JSON: {why}")
