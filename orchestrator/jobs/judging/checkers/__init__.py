"""The built-in checkers, and the meaning of a checker program's exit. Pure: bytes in, data out."""

from orchestrator.jobs.judging.checkers.compare import compare
from orchestrator.jobs.judging.checkers.exits import (
    CheckerOutcome,
    CheckerProtocol,
    CheckerStatus,
    KattisFeedback,
    crashed,
    read_exit,
    read_validator,
)
from orchestrator.jobs.judging.checkers.model import (
    Difference,
    Exact,
    Float,
    Lines,
    TextChecker,
    Tokens,
    UnorderedLines,
)

__all__ = [
    "CheckerOutcome",
    "CheckerProtocol",
    "CheckerStatus",
    "Difference",
    "Exact",
    "Float",
    "KattisFeedback",
    "Lines",
    "TextChecker",
    "Tokens",
    "UnorderedLines",
    "compare",
    "crashed",
    "read_exit",
    "read_validator",
]
