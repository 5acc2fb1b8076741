"""The Python client's types are what the server describes; and what it makes of a header."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_type_hints

from codebae_runner_client import _events, _types
from codebae_runner_client._retry import retry_after

from tests.described import document


def test_retry_after_may_be_a_date_or_nonsense() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for text, seconds in {
        "Thu, 01 Jan 2026 00:00:07 GMT": 7,
        "Thu, 01 Jan 2025 00:00:07 GMT": 0,
        "12": 12,
        "-1": None,
        "soon": None,
        "": None,
    }.items():
        assert retry_after({"Retry-After": text}, now) == seconds


def test_the_types_are_the_server_s() -> None:
    schemas = document()["components"]["schemas"]
    names = {
        "Answer": "Answer",
        "StageResult": "Stage",
        "TestResult": "Test",
        "Summary": "JudgingSummary",
        "Timings": "Timings",
        "Difference": "Difference",
        "Utterance": "Utterance",
        "Group": "Group",
        "Language": "Language",
        "LanguageLimits": "LanguageLimits",
        "Health": "Unhealthy",
        "Submission": "ExecuteRequest",
        "File": "FileRequest",
        "Limits": "LimitsRequest",
        "Test": "TestRequest",
        "Checker": "CheckerRequest",
        "Interactor": "InteractorRequest",
        **{
            f"{name}Event": f"{name}Event"
            for name in ("Queued", "Stage", "Output", "Exit", "Test", "Ping", "Result")
        },
    }
    for ours, theirs in names.items():
        kind = getattr(_events if ours.endswith("Event") else _types, ours)
        assert set(get_type_hints(kind)) == set(schemas[theirs]["properties"]), ours
        if ours != "Health":
            assert set(kind.__required_keys__) == set(schemas[theirs].get("required", ())), ours
    assert set(_types.Verdict.__args__) == set(schemas["Verdict"]["enum"])  # type: ignore[attr-defined]
