"""The Python client's types are what the server describes; and what it makes of a header."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType
from typing import get_type_hints

import pytest
from codebae_runner_client import _events, _requests, _service, _types
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


REQUESTS = {
    "Submission": "ExecuteRequest",
    "File": "FileRequest",
    "Limits": "LimitsRequest",
    "Test": "TestRequest",
    "Checker": "CheckerRequest",
    "Interactor": "InteractorRequest",
}
ANSWERS = {
    "Answer": "Answer",
    "Judgement": "Answer",
    "StageResult": "Stage",
    "TestResult": "Test",
    "Summary": "JudgingSummary",
    "Timings": "Timings",
    "Difference": "Difference",
    "Utterance": "Utterance",
    "Group": "Group",
}
SERVICE = {"Language": "Language", "LanguageLimits": "LanguageLimits", "Problem": "Problem"}
EVENTS = {
    f"{name}Event": f"{name}Event"
    for name in ("Queued", "Stage", "Output", "Exit", "Test", "Ping", "Result")
}
NEWER = {"dialects"}
"""What servers of earlier versions do not send."""


@pytest.mark.parametrize(
    ("module", "names"),
    [(_requests, REQUESTS), (_types, ANSWERS), (_service, SERVICE), (_events, EVENTS)],
)
def test_the_types_are_the_server_s(module: ModuleType, names: dict[str, str]) -> None:
    schemas = document()["components"]["schemas"]
    for ours, theirs in names.items():
        kind = getattr(module, ours)
        assert set(get_type_hints(kind)) == set(schemas[theirs]["properties"]), ours
        required = set(schemas[theirs].get("required", ()))
        assert set(kind.__required_keys__) == required - NEWER, ours


def test_the_type_of_health_is_both_of_the_server_s() -> None:
    schemas = document()["components"]["schemas"]
    assert set(get_type_hints(_service.Health)) == set(schemas["Unhealthy"]["properties"])
    assert set(_service.Health.__required_keys__) == set(schemas["Healthy"]["properties"])


@pytest.mark.parametrize("name", ["Verdict", "Cause", "LimitHit"])
def test_the_words_are_the_server_s(name: str) -> None:
    schemas = document()["components"]["schemas"]
    assert list(getattr(_types, name).__args__) == schemas[name]["enum"]
