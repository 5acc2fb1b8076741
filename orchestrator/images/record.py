"""Records what a build reports, for its log file and the final table, and passes it on."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import structlog

from orchestrator.images.builder import BuildProgress
from orchestrator.images.check_results import CheckResult
from orchestrator.printable import printable

FOLDER = "builds"
MOST_LINES = 20_000

log = structlog.get_logger(__name__)


class BuildRecord:
    """Hears what the builder does (a BuildProgress) in place of `progress`, which hears it too."""

    def __init__(self, progress: BuildProgress) -> None:
        """Of one build; nothing is kept in a file before `write`."""
        self._progress = progress
        self._lines: deque[str] = deque(maxlen=MOST_LINES)
        self.tried_twice: list[str] = []
        """The checks that passed at the second try."""
        self.has_failed = False

    def started(self, name: str) -> None:
        """See BuildProgress."""
        self._lines.append(f"{name}: building")
        self._progress.started(name)

    def line(self, name: str, text: str) -> None:
        """See BuildProgress."""
        self._lines.append(f"{name} | {text}")
        self._progress.line(name, text)

    def skipped(self, name: str) -> None:
        """See BuildProgress."""
        self._lines.append(f"{name}: up to date")
        self._progress.skipped(name)

    def finished(self, name: str, version: str) -> None:
        """See BuildProgress."""
        self._lines.append(f"{name}: built {version}".rstrip())
        self._progress.finished(name, version)

    def checked(self, name: str, result: CheckResult) -> None:
        """See BuildProgress."""
        self._lines.append(f"{name}: {result.trial}: {result.outcome}")
        if result.passed and result.first_try:
            self.tried_twice.append(result.trial)
        self._progress.checked(name, result)

    def failed(self, name: str, message: str) -> None:
        """See BuildProgress."""
        self.has_failed = True
        self._lines.append(f"{name}: failed: {message}")
        self._progress.failed(name, message)

    def write(self, state_dir: Path, name: str) -> str:
        """Keep it in `state_dir`, in place of what was kept under that name; the file's path.

        Empty where it can't be written: nothing fails for that.
        """
        path = state_dir / FOLDER / f"{name}.log"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            text = "".join(f"{printable(line)}\n" for line in self._lines)
            path.write_text(text, "utf-8", "replace")
        except OSError as err:
            log.warning("build_log_not_kept", path=str(path), error=str(err))
            return ""
        return str(path)
