"""A build's log: turns the builder's events into lines, bounded, and explains a failed build."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from orchestrator.engine.client import Json
from orchestrator.engine.reach import cure
from orchestrator.errors import EngineError
from orchestrator.printable import printable

MAX_LINE = 300
MAX_PARTIAL = 8192
MAX_EVENT_LINES = 600
MAX_PENDING = 5000
SLICE = 100
SLICE_INTERVAL_S = 0.025
REST_AFTER_S = 0.005

LineSink = Callable[[str], None]

_STEP = re.compile(r"Step (\d+/\d+) : (.*)")
_IMAGE = re.compile(r"---> ([0-9a-f]{12})$")
_EXIT_CODE = re.compile(r"returned a non-zero code: (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # the classic builder paints stderr red
_CHATTER = ("--->", "Removing intermediate container")
# How compilers, shells, apt, pip and npm write the one line that explains a failure. (apt's may
# follow half a line that apt has printed on stdout.)
_TELLING = re.compile(
    r"\berror:|(?:^|\.\.\.)E: |\bfatal:|not found|No such file|\bcannot\b|no space left"
    r"|temporary failure (in name )?resol|(could not|unable to) resolve|getaddrinfo|unreachable",
    re.IGNORECASE,
)
_KILLED = 137


class StepFailedError(EngineError):
    """A build step's command failed: by itself, or because the engine was being stopped."""


class BuildLog:
    """Turns the builder's events into lines, and remembers what explains a failing step."""

    def __init__(self, memory_bytes: int = 0) -> None:
        """`memory_bytes`: a step's memory limit, for the message of a killed step; 0: no limit."""
        self.image_id = ""
        self.made: list[str] = []
        """The short ids of the images that this build has made so far, oldest first."""
        self._memory_bytes = memory_bytes
        self._partial = ""
        self._step = ""
        self._is_own_step = False
        self._telling = ""
        self._last = ""

    def feed(self, event: Json) -> Iterator[str]:
        """Yield the lines that an event completes. Raises EngineError if it reports the failure."""
        if "error" in event:
            yield from self._lines("\n")
            raise self._failure(str(event["error"]))
        self.image_id = event.get("aux", {}).get("ID") or self.image_id
        if "stream" in event:
            yield from self._lines(event["stream"])
        elif "status" in event and "progressDetail" not in event:
            yield from self._lines(event["status"] + "\n")

    def _lines(self, text: str) -> Iterator[str]:
        *complete, partial = (self._partial + text).split("\n")
        self._partial = _visible(partial)[:MAX_PARTIAL]
        if len(complete) > MAX_EVENT_LINES:
            half = MAX_EVENT_LINES // 2
            left_out = f"... {len(complete) - 2 * half} lines left out"
            complete = [*complete[:half], left_out, *complete[-half:]]
        for raw in complete:
            line = printable(_COLOUR.sub("", _visible(raw)).strip()[:MAX_LINE])
            if line:
                self._remember(line)
                yield line

    def _remember(self, line: str) -> None:
        if step := _STEP.match(line):
            self._step, self._telling, self._last = f"step {step[1]}, {step[2][:80]}", "", ""
            self._is_own_step = not step[2].upper().startswith("FROM ")
        elif line == "---> Using cache":
            self._is_own_step = False
        elif self._is_own_step and (made := _IMAGE.match(line)):
            self.made.append(made[1])
        elif not line.startswith(_CHATTER):
            self._last = line
            if not self._telling and _TELLING.search(line):
                self._telling = line

    def _failure(self, error: str) -> EngineError:
        found = _EXIT_CODE.search(error)
        if found is None:
            text = " ".join(error.split())
            text += cure(text)
            return EngineError(f"{text} ({self._step})" if self._step else text)
        line = self._telling or self._last
        where = f"{self._step}: exit status {found[1]}"
        if self._memory_bytes and (int(found[1]) == _KILLED or "Killed" in line):
            where += f"; a build may use {self._memory_bytes >> 20} MB (BUILD_MEMORY_MB)"
        return StepFailedError(f"{line} ({where})" if line else where)


def _visible(line: str) -> str:
    """Return what a terminal would show of a line with carriage returns."""
    text = line.rstrip("\r")
    return line[text.rfind("\r") + 1 :]


class LineRelay:
    """Passes lines from a thread to `sink` on the event loop, in slices.

    The queue is bounded: beyond MAX_PENDING lines the oldest are dropped, and a line says how many.
    The thread sleeps for as long as it has worked, so that it does not starve the event loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, sink: LineSink) -> None:
        """`sink` must not raise."""
        self._loop = loop
        self._sink = sink
        self._lock = threading.Lock()
        self._lines: deque[str] = deque()
        self._left_out = 0
        self._is_awake = False
        self._is_closed = False
        self._rested_at_s = 0.0

    def put(self, line: str) -> None:
        """Add a line. Called by the thread."""
        with self._lock:
            if len(self._lines) == MAX_PENDING:
                self._lines.popleft()
                self._left_out += 1
            self._lines.append(line)
            wakes, self._is_awake = not self._is_awake, True
        if wakes:
            self._loop.call_soon_threadsafe(self._drain)

    def rest(self) -> None:
        """Sleep for as long as the thread has worked since the last rest, if that is a while."""
        worked_s = time.thread_time() - self._rested_at_s
        if worked_s > REST_AFTER_S:
            time.sleep(worked_s)
            self._rested_at_s = time.thread_time()

    def _drain(self) -> None:
        if not self._is_closed and self._hand_on():
            self._loop.call_later(SLICE_INTERVAL_S, self._drain)

    def _hand_on(self) -> bool:
        """Pass on a slice of lines; False when there was none."""
        with self._lock:
            left_out, self._left_out = self._left_out, 0
            lines = [self._lines.popleft() for _ in range(min(SLICE, len(self._lines)))]
            self._is_awake = bool(lines)
        if left_out:
            self._sink(f"... {left_out} lines left out")
        for line in lines:
            self._sink(line)
        return bool(lines)

    async def finish(self) -> None:
        """Pass on all that is left, after the thread has ended."""
        for _ in range(0, MAX_PENDING, SLICE):
            if not self._is_closed:
                self._hand_on()
                await asyncio.sleep(0)

    def close(self) -> None:
        """Pass on nothing more."""
        self._is_closed = True
