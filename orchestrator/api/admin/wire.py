"""Builds and languages as JSON, and a build's log as text. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from orchestrator.images.build_queue import Build, BuildEvent
from orchestrator.images.check_results import CheckResult
from orchestrator.printable import printable_line

Envelope = dict[str, Any]
"""`{"event": name, ...}`: JSON data."""

PING: Envelope = {"event": "ping"}


def build_summary(build: Build) -> dict[str, Any]:
    """A build as JSON, without the results of its checks."""
    return {
        "id": build.id,
        "language": build.language,
        "state": build.state.value,
        "requested_by": build.requested_by,
        "created": timestamp(build.created_at),
        "started": timestamp(build.started_at),
        "ended": timestamp(build.ended_at),
        "version": build.version,
        "error": build.error,
        "passed": sum(each.passed for each in build.checks),
        "failed": sum(not each.passed for each in build.checks),
    }


def build_fields(build: Build) -> dict[str, Any]:
    """A build as JSON, with the results of its checks."""
    return build_summary(build) | {"checks": [to_check(each) for each in build.checks]}


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
    return {
        "name": result.trial,
        "passed": result.passed,
        "detail": result.detail,
        "first_try": result.first_try,
    }
