"""Addresses, keys, and what comes over the connection. No I/O."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast
from urllib.parse import urlsplit, urlunsplit

from codebae_runner_client._retry import retry_after
from codebae_runner_client.errors import ApiError, ConfigurationError, ProtocolError, kind_of

MAX_BYTES = 64 << 20
"""Of an answer, and of a line of a stream."""
MAX_SHOWN = 2000

Json = dict[str, Any]


def find_url(url: str | None) -> str:
    """The server's root: `url`, else `RUNNER_URL`; a slash or `/execute` at its end is no matter.

    Raises ConfigurationError.
    """
    given = url if url is not None else os.environ.get("RUNNER_URL", "")
    try:
        parts = urlsplit(given.strip())
        is_address = parts.scheme in {"http", "https"} and bool(parts.hostname)
        has_more = bool(parts.query or parts.fragment or "@" in parts.netloc)
        _ = parts.port
    except ValueError as err:
        raise ConfigurationError("RUNNER_URL is no address") from err
    if not is_address or has_more:
        raise ConfigurationError("RUNNER_URL must be an address as in http://localhost:3000")
    path = parts.path.rstrip("/").removesuffix("/execute").rstrip("/")
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))


def find_key(key: str | None, variable: str = "RUNNER_API_KEY") -> str | None:
    """`key`, else what `variable` has; None where there is none. Raises ConfigurationError."""
    given = (key if key is not None else os.environ.get(variable, "")).strip()
    if not (given.isascii() and given.isprintable()):
        raise ConfigurationError(f"{variable} has characters that no header can have")
    return given or None


def parse(data: bytes) -> Json:
    """A JSON object. Raises ProtocolError."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as err:
        raise ProtocolError("The answer is not JSON: this is not a runner") from err
    if not isinstance(value, dict):
        raise ProtocolError("The answer is not a JSON object: this is not a runner")
    return cast("Json", value)


def expect(value: Json, fields: Mapping[str, type | tuple[type, ...]]) -> Json:
    """The same, if it has these fields, of these types. Raises ProtocolError."""
    for name, kind in fields.items():
        if not isinstance(value.get(name), kind):
            raise ProtocolError(f"The answer has no {name}: this is not a runner", field=name)
    return value


def to_refusal(status: int, headers: Mapping[str, str], data: bytes) -> ApiError | ProtocolError:
    """What a status that is no success means."""
    try:
        body = parse(data)
    except ProtocolError:
        body = {}
    error, code = body.get("error"), body.get("code")
    # A proxy in between says 429 and 503 in its own words.
    if not isinstance(error, str) and status not in {429, 503}:
        return ProtocolError(f"This is not a runner: it answers {status}", status=status)
    return kind_of(status)(
        status,
        code if isinstance(code, str) else "unknown",
        error[:MAX_SHOWN] if isinstance(error, str) else "The server is busy",
        details=list(_details(body.get("details"))),
        request_id=headers.get("X-Request-Id"),
        retry_after=retry_after(headers),
    )


def _details(value: object) -> Iterator[tuple[str, str]]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield str(each.get("field")), str(each.get("message"))


class Lines:
    """Cuts a stream of bytes into lines."""

    def __init__(self) -> None:
        self._rest = bytearray()

    def feed(self, chunk: bytes) -> Iterable[bytes]:
        """The lines that are complete now. Raises ProtocolError for one that has no end."""
        *lines, tail = chunk.split(b"\n")
        if lines:
            lines[0] = bytes(self._rest) + lines[0]
            self._rest.clear()
        self._rest += tail
        if len(self._rest) > MAX_BYTES:
            raise ProtocolError("The answer has too long a line: this is not a runner")
        return lines
