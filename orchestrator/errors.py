"""The exception tree: everything here is our own fault or the caller's, never a program's.

What a program does is data (a verdict); an exception means that something could not be done.
"""


class RunnerError(Exception):
    """The root of every exception this project raises on purpose."""


class ConfigurationError(RunnerError):
    """A setting or a language folder is wrong; the message names the file and the field."""


class StateInUseError(ConfigurationError):
    """Another process has the state directory, and with it the instance, for as long as it runs."""


class InvalidSubmissionError(RunnerError):
    """The caller sent something that can't be run; the message names the field."""

    def __init__(self, message: str, *, field: str | None = None, hint: str | None = None) -> None:
        """`field` is the path of the offending field, as in `limits.wall_ms`.

        `hint` is said of it in the details, where the message is not ours to choose.
        """
        super().__init__(message)
        self.field = field
        self.hint = hint


class RevokedKeyError(RunnerError):
    """The key has been taken away since the request began."""

    def __init__(self) -> None:
        """There is one message."""
        super().__init__("Unauthorized")


class QueueFullError(RunnerError):
    """Every slot is busy and the queue is at its bound."""

    def __init__(self, retry_after_s: int) -> None:
        """`retry_after_s`: when to come back, in whole seconds."""
        super().__init__("The queue is full, try again later")
        self.retry_after_s = retry_after_s


class DrainingError(RunnerError):
    """The server takes no further jobs: it is shutting down, or an admin has told it so."""

    def __init__(self, *, for_good: bool = True) -> None:
        """`for_good`: it is shutting down."""
        reason = "is shutting down" if for_good else "takes no jobs at the moment"
        super().__init__(f"The server {reason}")


class EngineError(RunnerError):
    """The engine refused a call, or answered in a way we do not understand."""


class EngineUnavailableError(EngineError):
    """The engine could not be reached, or did not answer before its deadline."""


class EngineVersionError(EngineUnavailableError):
    """No version of its API is the engine's as well as ours; it has done nothing of a call."""


class EngineShortageError(EngineError):
    """The engine's machine lacks what it takes at the moment: memory, processes, files, filters."""


class ContainerNotFoundError(EngineError):
    """The engine knows no container, or image, of that name."""


class EngineConflictError(EngineError):
    """The engine says that the object is in use, or in a state that forbids the call."""


class DiskSpaceError(EngineError):
    """There is too little room where the engine keeps its images."""


class NoPreviousImageError(RunnerError):
    """A language has no other image to go back to."""


class SandboxError(RunnerError):
    """A sandbox could not be made, or did not keep to the agent's protocol."""


class NotPreparedError(SandboxError):
    """The compiler that was to be started ahead of time ended, or could not be executed."""


class ProtocolError(SandboxError):
    """The bytes that came over the attach stream do not parse."""


class UnknownLanguageError(RunnerError):
    """There is no folder, and no image, of that language."""


class BusyLanguageError(RunnerError):
    """The language's images are being changed by somebody else."""

    def __init__(self, language_id: str) -> None:
        """The message names the language."""
        super().__init__(f"{language_id} is being rebuilt: wait for that build, or cancel it")


class RebuildError(RunnerError):
    """A candidate did not pass what it must before it is promoted; the message says what."""
