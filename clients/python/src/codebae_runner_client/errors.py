"""What can go wrong. What a program does is an answer, never an exception."""

from __future__ import annotations

from collections.abc import Sequence


class RunnerError(Exception):
    """Any of these."""


class ConfigurationError(RunnerError):
    """The address or the key can't be one."""


class ConnectionFailedError(RunnerError):
    """The server can't be reached; nothing was sent."""


class ConnectionLostError(RunnerError):
    """The connection ended, or fell silent, in the middle; what was sent may have run."""


class ProtocolError(RunnerError):
    """The answer is not a runner's, or not this version's.

    `status`: HTTP's, where that is what no runner answers; `field`: what a JSON answer lacks.
    """

    def __init__(
        self, message: str, *, status: int | None = None, field: str | None = None
    ) -> None:
        """`message` is for people."""
        super().__init__(message)
        self.status = status
        self.field = field


class DeadlineError(RunnerError, TimeoutError):
    """The call took longer than its `deadline`; the job has been hung up on."""


class CallCancelledError(RunnerError):
    """The call was cancelled; the job has been hung up on."""


class ApiError(RunnerError):
    """The server refused; nothing was run.

    `details` are pairs of a field's path and what is wrong with it; `retry_after` is in seconds.
    """

    def __init__(  # noqa: PLR0913 - a refusal has that many parts
        self,
        status: int,
        code: str,
        message: str,
        *,
        details: Sequence[tuple[str, str]] = (),
        request_id: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        """`status` is HTTP's, `code` the server's word for it."""
        super().__init__(f"{message} ({status})")
        self.status = status
        self.code = code
        self.message = message
        self.details = tuple(details)
        self.request_id = request_id
        self.retry_after = retry_after


class InvalidRequestError(ApiError):
    """400, 408, 413, 415: the request can't be run; `details` may name the fields."""


class UnauthorizedError(ApiError):
    """401, 403: the key is not one of the server's, or is for other things."""


class QueueFullError(ApiError):
    """429: too much waits already, or the key's rate is used up; `code` says which."""


class UnavailableError(ApiError):
    """503: the server can't run programs right now."""


_KINDS: dict[int, type[ApiError]] = {
    400: InvalidRequestError,
    401: UnauthorizedError,
    403: UnauthorizedError,
    408: InvalidRequestError,
    413: InvalidRequestError,
    415: InvalidRequestError,
    429: QueueFullError,
    503: UnavailableError,
}


def kind_of(status: int) -> type[ApiError]:
    """The class of a refusal with this status."""
    return _KINDS.get(status, ApiError)
