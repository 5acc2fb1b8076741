"""The log as people read it: a short line for each request, what became of its program first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from orchestrator.printable import printable_line

MOST_TOLD = 1000
ID_SHOWN = 8
WHAT_SHOWN = 27
"""With all else of a line that is eighty columns, for a verdict of up to 21."""
ANSWERED = {200, 101}
"""The statuses that say no more than the job's line did."""

GREEN, YELLOW, RED, DIM, PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[2m", "\x1b[0m"
BAD_REQUEST = 400


class ShortLines:
    """The last of structlog's processors: an event as text.

    A job is a line, so is an admin's change, a request with neither, and what is odd about the
    settings; all else is as structlog has it.
    """

    def __init__(self, *, colors: bool) -> None:
        """`colors`: whether this is a terminal."""
        self._colors = colors
        self._others = structlog.dev.ConsoleRenderer(colors=colors)
        self._told: OrderedDict[str, bool] = OrderedDict()  # True: and how it was answered

    def __call__(self, logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
        """Raises DropEvent for a request of which another line has told all."""
        if event.get("event") == "job" and "total_ms" in event:
            self._remember(event, with_answer=False)
            return self._job(event)
        if event.get("event") == "audit" and "action" in event:
            self._remember(event, with_answer=True)
            return self._audit(event)
        if event.get("event") == "request" and "duration_ms" in event:
            told = self._told.pop(str(event.get("request_id", "")), None)
            if told or (told is not None and event["status"] in ANSWERED):
                raise structlog.DropEvent
            return self._request(event)
        if event.get("event") == "settings":
            return self._remark(event)
        return self._others(logger, method, event)

    def _remark(self, event: Mapping[str, Any]) -> str:
        time, text = str(event.get("timestamp", "")), printable_line(str(event["remark"]))
        if not self._colors:
            return f"{time}  warning: {text}"
        return f"{DIM}{time}{PLAIN}  {YELLOW}warning:{PLAIN} {text}"

    def _remember(self, event: Mapping[str, Any], *, with_answer: bool) -> None:
        self._told[str(event.get("request_id", ""))] = with_answer
        if len(self._told) > MOST_TOLD:
            self._told.popitem(last=False)

    def _job(self, event: Mapping[str, Any]) -> str:
        status, cause = str(event["status"]), event.get("killed_by")
        color = {"accepted": GREEN, "cancelled": YELLOW}.get(status, RED)
        verdict = f"{status} ({cause})" if cause else status
        # Beside a time limit stands the time that met it, of CPU or of the wall.
        ms = event.get("exceeded_ms") or event["total_ms"]
        return self._line(event, color, verdict, str(event["language"]), ms, event["job_id"])

    def _audit(self, event: Mapping[str, Any]) -> str:
        outcome, code = str(event["outcome"]), event.get("code")
        color = GREEN if outcome == "done" else RED
        what = f"{event['action']} {event.get('target') or ''}".rstrip()
        verdict = f"{outcome} ({code})" if code else outcome
        return self._line(event, color, verdict, what, None, event.get("key") or "")

    def _request(self, event: Mapping[str, Any]) -> str:
        status = event["status"]
        color = YELLOW if not status else RED if status >= BAD_REQUEST else GREEN
        return self._line(
            event,
            color,
            str(status or "hung up"),
            f"{event['method']} {event['path']}",
            event["duration_ms"],
            event.get("request_id", ""),
        )

    def _line(  # noqa: PLR0913, PLR0917 - a line has that many columns
        self,
        event: Mapping[str, Any],
        color: str,
        verdict: str,
        what: str,
        ms: float | None,
        id_: object,
    ) -> str:
        time = str(event.get("timestamp", ""))
        verdict = f"{printable_line(verdict):<21}"
        what = what if len(what) <= WHAT_SHOWN else f"{what[: WHAT_SHOWN - 1]}…"
        rest = f"{printable_line(what):<20} {'' if ms is None else f'{ms:.0f} ms':>10}"
        short = printable_line(str(id_))[:ID_SHOWN]
        if not self._colors:
            return f"{time}  {verdict} {rest}  {short}"
        return f"{DIM}{time}{PLAIN}  {color}{verdict}{PLAIN} {rest}  {DIM}{short}{PLAIN}"
