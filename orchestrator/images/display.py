"""Building, as a person sees it: bars on a terminal, plain lines anywhere else."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from orchestrator.printable import printable

if TYPE_CHECKING:
    from rich.console import Console

    from orchestrator.images.builder import BuildProgress
    from orchestrator.images.check_results import CheckResult

_STEP = re.compile(r"Step (\d+)/(\d+) : ")
_TAIL_LINES = 15


@contextmanager
def build_display(console: Console) -> Iterator[BuildProgress]:
    """A display for one run of the builder, of the kind that suits `console`."""
    if not console.is_terminal:
        yield PlainProgress(console)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.fields[image]:<10}", markup=False),
        BarColumn(bar_width=16),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console) as progress:
        yield TerminalProgress(progress)


def told(result: CheckResult) -> str:
    """The line to print of a result: a failure, or a second try; empty for any other."""
    if result.passed and not result.first_try:
        return ""
    return f"{result.trial}: {result.outcome}"


class PlainProgress:
    """A line when something begins or ends, and for each step of a Dockerfile."""

    def __init__(self, console: Console) -> None:
        """Writes to `console`, without colours or wrapping."""
        self._console = console
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._tried = 0
        self._skipped: set[str] = set()

    def started(self, name: str) -> None:
        """See BuildProgress."""
        self._tail.clear()
        self._tried = 0
        self._say(f"{name}: building")

    def line(self, name: str, text: str) -> None:
        """See BuildProgress."""
        self._tail.append(text)
        if _STEP.match(text):
            self._say(f"{name}: {text}")

    def checked(self, name: str, result: CheckResult) -> None:
        """See BuildProgress."""
        self._tail.clear()  # the build is over, and was not what failed
        text = told(result)
        if text:
            self._say(printable(f"{name}: {text}"))
        elif not self._tried:
            self._say(f"{name}: trying it")
        self._tried += 1

    def skipped(self, name: str) -> None:
        """See BuildProgress."""
        if name not in self._skipped:  # what several languages have in common is looked at anew
            self._say(f"{name}: up to date")
        self._skipped.add(name)

    def finished(self, name: str, version: str) -> None:
        """See BuildProgress."""
        tried = f", {self._tried} trials" if self._tried else ""
        self._say(f"{name}: built {version}".rstrip() + tried)

    def failed(self, name: str, message: str) -> None:
        """See BuildProgress."""
        for text in self._tail:
            self._say(f"{name} | {text}")
        self._say(printable(f"{name}: failed: {message}"))

    def _say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class TerminalProgress:
    """A bar per image, filled step by step, with the log's latest line beside it."""

    def __init__(self, progress: Progress) -> None:
        """Draws on `progress`, which the caller starts and stops."""
        self._progress = progress
        self._tasks: dict[str, TaskID] = {}
        self._tail: deque[str] = deque(maxlen=_TAIL_LINES)

    def started(self, name: str) -> None:
        """See BuildProgress."""
        self._tail.clear()
        self._tasks[name] = self._progress.add_task("building", total=None, image=name)

    def line(self, name: str, text: str) -> None:
        """See BuildProgress."""
        self._tail.append(text)
        task = self._tasks[name]
        step = _STEP.match(text)
        if step:
            self._progress.update(task, completed=int(step[1]) - 1, total=int(step[2]))
        self._progress.update(task, description=text)

    def checked(self, name: str, result: CheckResult) -> None:
        """See BuildProgress."""
        self._tail.clear()
        self._progress.update(self._tasks[name], description=f"tried {result.trial}")
        text = told(result)
        if text:
            text = printable(f"{name}: {text}")
            self._progress.console.print(text, markup=False, highlight=False)

    def skipped(self, name: str) -> None:
        """See BuildProgress."""
        if name in self._tasks:
            return
        self.started(name)
        self._end(name, "up to date")

    def finished(self, name: str, version: str) -> None:
        """See BuildProgress."""
        self._end(name, f"built {version}".rstrip())

    def failed(self, name: str, message: str) -> None:
        """See BuildProgress."""
        said = [f"{name} | {text}" for text in self._tail]
        for text in (*said, printable(f"{name}: {message}")):
            self._progress.console.print(text, markup=False, highlight=False)
        if name not in self._tasks:
            self.started(name)
        self._end(name, "failed")

    def _end(self, name: str, text: str) -> None:
        self._progress.update(self._tasks[name], description=text, completed=1, total=1)
        self._progress.stop_task(self._tasks[name])
