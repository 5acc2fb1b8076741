"""Builds and languages as JSON, and a build's log as text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orchestrator.api.answers.models import admin as models
from orchestrator.api.answers.writer import Make, Writer
from orchestrator.images.build_queue import Build, BuildEvent
from orchestrator.images.check_results import CheckResult
from orchestrator.jobs.model import Encoding
from orchestrator.printable import printable_line

Envelope = dict[str, Any]
"""`{"event": name, ...}`: JSON data."""

PING: Envelope = {"event": "ping"}


def build_summary(build: Build) -> dict[str, Any]:
    """A build as JSON, without the results of its checks."""
    return _BUILD_SUMMARY.write(build, Encoding.UTF8)


def build_fields(build: Build) -> dict[str, Any]:
    """A build as JSON, with the results of its checks."""
    return _BUILD.write(build, Encoding.UTF8)


def timestamp(seconds: float | None) -> str | None:
    """Epoch seconds as ISO 8601, to the millisecond."""
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def event_envelope(event: BuildEvent) -> Envelope:
    """An event of a build's log."""
    head = {"event": event.kind, "number": event.number}
    if event.kind == "state":
        return head | {"state": event.text}
    if event.check is not None:
        return head | {"image": event.image} | to_check(event.check)
    return head | {"image": event.image, "text": event.text}


def result_envelope(build: Build) -> Envelope:
    """The last event: the build, with the results of its checks."""
    return {"event": "result", **build_fields(build)}


def pretty(envelope: Envelope) -> str:
    """An event as a line for people; empty for a ping."""
    match envelope:
        case {"event": "ping"}:
            return ""
        case {"event": "state", "state": state}:
            line = f"== {state}"
        case {"event": "check", "image": image}:
            line = f"{image} | {_told(envelope)}"
        case {"event": "result"}:
            what = envelope["error"] or envelope["version"] or ""
            line = f"== {envelope['language']}: {envelope['state']}: {what}".rstrip(": ")
        case _:
            line = f"{envelope['image']} | {envelope['text']}"
    return printable_line(line) + "\n"


def _told(check: Envelope) -> str:
    result = CheckResult(
        check["name"],
        passed=check["passed"],
        detail=check["detail"],
        first_try=check.get("first_try", ""),  # a server of an earlier version tries nothing twice
    )
    return f"{result.trial}: {result.outcome}"


def to_check(result: CheckResult) -> dict[str, Any]:
    """The result of a check as JSON."""
    return _CHECK.write(result, Encoding.UTF8)


_MADE: dict[str, Make] = {
    "created": lambda build, _: timestamp(build.created_at),
    "started": lambda build, _: timestamp(build.started_at),
    "ended": lambda build, _: timestamp(build.ended_at),
    "passed": lambda build, _: sum(each.passed for each in build.checks),
    "failed": lambda build, _: sum(not each.passed for each in build.checks),
}
_CHECK = Writer(models.Check, made={"name": lambda result, _: result.trial})
_BUILD_SUMMARY = Writer(models.BuildSummary, made=_MADE)
_BUILD = Writer(models.Build, made=_MADE, parts=[_CHECK])
