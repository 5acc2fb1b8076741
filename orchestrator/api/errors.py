"""What the HTTP side answers instead of a result: a status, a slug and a text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestrator.errors import (
    DrainingError,
    InvalidSubmissionError,
    QueueFullError,
    RevokedKeyError,
    RunnerError,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

CHALLENGE = 'Bearer realm="codebae-runner"'
"""What a `WWW-Authenticate` begins with."""
RETRY_AFTER_S = {
    "engine_unavailable": 5,  # a restarted engine answers again within seconds
    "draining": 5,  # by then the load balancer knows another server
    "internal_error": 1,  # one job's bad luck; the next one may fare better
    "too_many_connections": 1,  # some are always about to end
}
"""What the `Retry-After` of a 503 says, in seconds, by slug."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request: the path of the field, as in `files.0.name`, and why."""

    field: str
    message: str


class ApiError(RunnerError):
    """A refusal in HTTP's terms: `{"error": message, "code": code, "details"?: problems}`."""

    def __init__(  # noqa: PLR0913 - a refusal has that many parts
        self,
        status: int,
        code: str,
        message: str,
        *,
        problems: Sequence[Problem] = (),
        retry_after_s: int | None = None,
        challenge: str | None = None,
    ) -> None:
        """`status` is HTTP's, `code` the slug.

        `retry_after_s` makes a `Retry-After` header, `challenge` a `WWW-Authenticate`.
        """
        super().__init__(message)
        self.status = status
        self.code = code
        self.problems = tuple(problems)
        self.retry_after_s = retry_after_s
        self.challenge = challenge

    @property
    def headers(self) -> dict[str, str]:
        """Those that its answer has for being this refusal."""
        found = {"Retry-After": self.retry_after_s, "WWW-Authenticate": self.challenge}
        return {name: str(value) for name, value in found.items() if value is not None}


def invalid(problems: Sequence[Problem], message: str | None = None) -> ApiError:
    """A 400. Without a `message` the first problem is the text; `problems` is never empty."""
    text = message or f"{problems[0].field}: {problems[0].message}"
    return ApiError(400, "invalid", text, problems=problems)


def unavailable(code: str, message: str) -> ApiError:
    """A 503 with the `Retry-After` of its slug (a key of `RETRY_AFTER_S`)."""
    return ApiError(503, code, message, retry_after_s=RETRY_AFTER_S[code])


def unauthorized(
    problems: Sequence[Problem], *, has_key: bool, kind: type[ApiError] = ApiError
) -> ApiError:
    """A 401; whether a key was sent is, by RFC 6750, in a header."""
    challenge = f'{CHALLENGE}, error="invalid_token"' if has_key else CHALLENGE
    return kind(401, "unauthorized", "Unauthorized", problems=problems, challenge=challenge)


def error_body(err: ApiError) -> dict[str, Any]:
    """A refusal as JSON data."""
    body: dict[str, Any] = {"error": str(err), "code": err.code}
    if err.problems:
        body["details"] = [{"field": p.field, "message": p.message} for p in err.problems]
    return body


def from_exception(err: Exception) -> ApiError | None:
    """An exception as the refusal it means; None when it means that something of ours is broken."""
    match err:
        case ApiError():
            return err
        case InvalidSubmissionError():
            return _invalid_submission(err)
        case RevokedKeyError():
            problems = [Problem("Authorization", "this key has been revoked")]
            return unauthorized(problems, has_key=True)
        case QueueFullError():
            return ApiError(429, "queue_full", str(err), retry_after_s=err.retry_after_s)
        case DrainingError():
            return unavailable("draining", str(err))
        case _:
            return None


def _invalid_submission(err: InvalidSubmissionError) -> ApiError:
    if err.field is None:
        return ApiError(400, "invalid", str(err))
    detail = err.hint or str(err).removeprefix(f"{err.field}: ")
    return invalid([Problem(err.field, detail)], str(err))
