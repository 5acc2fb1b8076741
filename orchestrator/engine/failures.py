"""What goes wrong with the engine, as our own errors: the SDK has many kinds, we have seven."""

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

# What a limit below what is in use is refused with: by the kernel (as crun passes it on), by runc.
BUSY = ("device or resource busy", "unable to set memory limit")

# What an engine says of a version that is not one of its own: "client version 1.41 is too old. ..."
_OTHER_VERSION = re.compile(r"client version \S+ is too (old|new)", re.IGNORECASE)

# Why a container could not be started that may start a moment later; as the kernel says it, through
# the runtime. 524 (ENOTSUPP) is what it says when the pool of seccomp filters is empty.
SHORTAGES = (
    "cannot allocate memory",
    "errno 524",
    "no space left on device",
    "resource temporarily unavailable",
    "too many open files",
)


def update_error(status: int, text: str) -> EngineError:
    """Which of our errors a refused change of a container's limits is."""
    if status == HTTPStatus.NOT_FOUND:
        return ContainerNotFoundError(text.strip())
    if _is_of_version(status, text):
        return EngineVersionError(text.strip())
    kind = EngineConflictError if any(map(text.lower().count, BUSY)) else EngineError
    return kind(text.strip())


def translate(err: Exception, socket_path: str) -> EngineError:
    """Which of our errors an exception of the SDK, or of the HTTP library below it, is."""
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
    """The kernel's own reason; the libraries wrap theirs around it, as arguments."""
    if isinstance(err, OSError) and err.errno:
        return err
    inner = err.args if isinstance(err, BaseException) and depth else ()
    found = (_system_error(each, depth - 1) for each in inner)
    return next((each for each in found if each), None)
