"""Runs programs on a codebae-runner, and administers it.

`Runner` and `Admin` are for threads, `AsyncRunner` and `AsyncAdmin` for asyncio.
"""

from codebae_runner_client._admin_types import (
    AdminJob,
    AdminJobs,
    AdminLanguage,
    Build,
    BuildEvent,
    BuildSummary,
    Check,
    Draining,
    Stats,
)
from codebae_runner_client._async import AsyncRunner, AsyncStream
from codebae_runner_client._async_admin import AsyncAdmin, AsyncBuildLog
from codebae_runner_client._events import Event
from codebae_runner_client._loop import Cancellation
from codebae_runner_client._requests import Checker, File, Interactor, Limits, Submission, Test
from codebae_runner_client._retry import Retries
from codebae_runner_client._service import Health, Language
from codebae_runner_client._sync import Runner, Stream
from codebae_runner_client._sync_admin import Admin, BuildLog
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
    "Admin",
    "AdminJob",
    "AdminJobs",
    "AdminLanguage",
    "Answer",
    "ApiError",
    "AsyncAdmin",
    "AsyncBuildLog",
    "AsyncRunner",
    "AsyncStream",
    "Build",
    "BuildEvent",
    "BuildLog",
    "BuildSummary",
    "CallCancelledError",
    "Cancellation",
    "Check",
    "Checker",
    "ConfigurationError",
    "ConnectionFailedError",
    "ConnectionLostError",
    "DeadlineError",
    "Draining",
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
    "Stats",
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
