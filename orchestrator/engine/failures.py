"""Translates the exceptions of the SDK and the errors of the engine into those of `errors.py`."""

from __future__ import annotations

import re
from http import HTTPStatus

import requests
import urllib3
from docker import errors as docker_errors

from orchestrator.engine.reach import explain
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    EngineShortageError,
    EngineUnavailableError,
    EngineVersionError,
)

# The errors of a limit below what is in use: the kernel's (passed on by crun), and runc's.
BUSY = ("device or resource busy", "unable to set memory limit")

# The error of an API version the engine does not have: "client version 1.41 is too old. ..."
_OTHER_VERSION = re.compile(r"client version \S+ is too (old|new)", re.IGNORECASE)

# The errors of a container that may start a moment later: the kernel's, passed on by the runtime.
# 524 (ENOTSUPP) means that the kernel's memory for seccomp filters is used up.
SHORTAGES = (
    "cannot allocate memory",
    "errno 524",
    "no space left on device",
    "resource temporarily unavailable",
    "too many open files",
)


def update_error(status: int, text: str) -> EngineError:
    """Return our error for a refused change of a container's limits."""
    if status == HTTPStatus.NOT_FOUND:
        return ContainerNotFoundError(text.strip())
    if _is_of_version(status, text):
        return EngineVersionError(text.strip())
    kind = EngineConflictError if any(map(text.lower().count, BUSY)) else EngineError
    return kind(text.strip())


def translate(err: Exception, socket_path: str) -> EngineError:
    """Return our error for an exception of the SDK, or of the HTTP library below it."""
    if isinstance(err, docker_errors.APIError):
        text = str(err.explanation or err)
        status = err.response.status_code if err.response is not None else 0
        kinds: dict[int, type[EngineError]] = {
            404: ContainerNotFoundError,
            409: EngineConflictError,
        }
        if _is_of_version(status, text):
            return EngineVersionError(text)
        is_short = any(map(text.lower().count, SHORTAGES))
        return kinds.get(status, EngineShortageError if is_short else EngineError)(text)
    unreachable = (
        docker_errors.DockerException,
        requests.RequestException,
        urllib3.exceptions.HTTPError,
        OSError,
    )
    if isinstance(err, unreachable):
        reason = _system_error(err)
        why = explain(socket_path, reason) if reason else err
        return EngineUnavailableError(f"The engine can't be reached: {why}")
    return EngineError(f"Unexpected {type(err).__name__}: {err}")


def _is_of_version(status: int, text: str) -> bool:
    return status == HTTPStatus.BAD_REQUEST and bool(_OTHER_VERSION.search(text))


def _system_error(err: object, depth: int = 5) -> OSError | None:
    """Find the kernel's error, which the libraries wrap in their own as an argument."""
    if isinstance(err, OSError) and err.errno:
        return err
    inner = err.args if isinstance(err, BaseException) and depth else ()
    found = (_system_error(each, depth - 1) for each in inner)
    return next((each for each in found if each), None)
