"""What a command says when a server refuses, or can't be spoken to: always one line."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http import HTTPStatus

from codebae_runner_client import (
    ApiError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineError,
    ProtocolError,
)
from codebae_runner_client import RunnerError as ClientError

from orchestrator.errors import RunnerError
from orchestrator.printable import printable_line

MAX_SHOWN = 2000
_ID = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9_.+-]*")
_UNKNOWN = "unknown"
"""The client's code for a refusal that has none, as a proxy's."""
_FOREIGN = "The answer makes no sense: the server is of another version"


class RemoteError(RunnerError):
    """The server can't be spoken to, or refused; the message is for the person at the terminal."""


class RefusedError(RemoteError):
    """The server has understood, and refused."""

    def __init__(self, message: str, status: int) -> None:
        """`status`: HTTP's own."""
        super().__init__(message)
        self.status = status


def to_remote_error(err: ClientError, url: str) -> RemoteError:
    """What the client could not do, and what to do where that is known."""
    match err:
        case ApiError():
            return _refusal(err, url)
        case DeadlineError():
            return RemoteError(f"{url}: no answer in time")
        case ConnectionFailedError() | ConnectionLostError():
            return RemoteError(f"{url}{_lost(err)}")
        case ProtocolError(status=int(status)):
            return _no_runner(url, status, _phrase(status))
        case ProtocolError(field=str()):
            return RemoteError(_FOREIGN)
        case _:
            return RemoteError(printable_line(str(err))[:MAX_SHOWN])


@contextmanager
def understood() -> Iterator[None]:
    """Where an answer is made use of: of one that is not as it should be, RemoteError says so."""
    try:
        yield
    except (LookupError, TypeError, ValueError, AttributeError) as err:
        raise RemoteError(_FOREIGN) from err


def segment(name: str) -> str:
    """An id, as it may be printed and sent. Raises RemoteError for what can't be one."""
    if not _ID.fullmatch(name):
        raise RemoteError(f"{printable_line(name)!r} is no id")
    return name


def with_details(text: str, error: str, details: Iterable[tuple[str, str]]) -> str:
    """`text`, and of each field what `error` does not say already; shortened."""
    told = [message for field, message in details if error not in {message, f"{field}: {message}"}]
    return printable_line(": ".join([text, "; ".join(told)] if told else [text]))[:MAX_SHOWN]


def _refusal(err: ApiError, url: str) -> RemoteError:
    status, text = err.status, printable_line(err.message)
    if status == HTTPStatus.UNAUTHORIZED:
        return RemoteError(f"{url}: the key is not one of the server's (401)")
    if status == HTTPStatus.NOT_FOUND and text == "Not Found":
        return RemoteError(f"{url}: there is no /admin: the server has no ADMIN_KEY (404)")
    if err.code == _UNKNOWN:
        is_proxy = status in {HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE}
        return _no_runner(url, status, _phrase(status) if is_proxy else text)
    return RefusedError(with_details(f"{text} ({status})", text, err.details), status)


def _no_runner(url: str, status: int, text: str) -> RemoteError:
    return RemoteError(f"{url}: this is not a runner, it answers {status} {text}".rstrip())


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _lost(err: ConnectionFailedError | ConnectionLostError) -> str:
    """By what the client has met: the operating system's word for it, where it has one."""
    cause = err.__cause__
    if cause is None:
        return ": the connection was cut before the end"
    if isinstance(cause, TimeoutError):
        return ": no answer in time"
    number = getattr(cause, "errno", None)  # a name that can't be resolved has a negative one
    word = os.strerror(number).lower() if number and number > 0 else printable_line(str(cause))
    return f" can't be spoken to: {word}"
