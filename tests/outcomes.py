"""What a corpus says a program comes to: a verdict and its cause, written `verdict[/cause]`."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.jobs.model import Cause, Verdict


@dataclass(frozen=True, slots=True)
class Outcome:
    """A verdict and what ended the stage that decided it."""

    verdict: Verdict
    cause: Cause | None = None

    def __str__(self) -> str:
        return f"{self.verdict}/{self.cause}" if self.cause else str(self.verdict)


def parse_outcome(text: str) -> Outcome:
    """Raises ValueError for what is no verdict, or no cause."""
    verdict, _, cause = text.partition("/")
    return Outcome(Verdict(verdict), Cause(cause) if cause else None)
