"""Runs programs on a codebae-runner. `Runner` is for threads, `AsyncRunner` for asyncio."""

from codebae_runner_client._async import AsyncRunner, AsyncStream
from codebae_runner_client._events import Event
from codebae_runner_client._requests import Checker, File, Interactor, Limits, Submission, Test
from codebae_runner_client._retry import Retries
from codebae_runner_client._service import Health, Language
from codebae_runner_client._sync import Cancellation, Runner, Stream
from codebae_runner_client._types import (
    Answer,
    Group,
    Judgement,
    StageResult,
    Summary,
    TestResult,
    Timings,
    Verdict,
)
from codebae_runner_client.errors import (
    ApiError,
    CallCancelledError,
    ConfigurationError,
    ConnectionFailedError,
    ConnectionLostError,
    DeadlineError,
    InvalidRequestError,
    ProtocolError,
    QueueFullError,
    RunnerError,
    UnauthorizedError,
    UnavailableError,
)

__all__ = [
    "Answer",
    "ApiError",
    "AsyncRunner",
    "AsyncStream",
    "CallCancelledError",
    "Cancellation",
    "Checker",
    "ConfigurationError",
    "ConnectionFailedError",
    "ConnectionLostError",
    "DeadlineError",
    "Event",
    "File",
    "Group",
    "Health",
    "Interactor",
    "InvalidRequestError",
    "Judgement",
    "Language",
    "Limits",
    "ProtocolError",
    "QueueFullError",
    "Retries",
    "Runner",
    "RunnerError",
    "StageResult",
    "Stream",
    "Submission",
    "Summary",
    "Test",
    "TestResult",
    "Timings",
    "UnauthorizedError",
    "UnavailableError",
    "Verdict",
]
