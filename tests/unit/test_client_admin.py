"""The Python client of `/admin`, against the service's own routes and a server that misbehaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from codebae_runner_client import (
    Admin,
    ApiError,
    AsyncAdmin,
    CallCancelledError,
    Cancellation,
    ConfigurationError,
    DeadlineError,
    ProtocolError,
    Retries,
    UnauthorizedError,
    UnavailableError,
    _admin_types,
)
from structlog.testing import capture_logs

from orchestrator.errors import RebuildError
from tests.admin_support import ADMIN_KEY
from tests.api_support import KEY
from tests.described import document
from tests.unit.test_cli_remote import AdminServer
from tests.unit.test_client import Misbehaving, bad, hangs, refuses, says, streams

__all__ = ["bad"]

QUICK = Retries(times=3, first=0.001, longest=1.0)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[AdminServer]:
    for name in ("sh", "go"):
        (tmp_path / "images" / name).mkdir(parents=True)
    with capture_logs():
        made = AdminServer(tmp_path / "images")
        yield made
        made.stop()


@pytest.fixture
def admin(server: AdminServer) -> Iterator[Admin]:
    with Admin(server.url, ADMIN_KEY) as made:
        yield made


def test_languages_are_listed_and_changed(admin: Admin) -> None:
    assert {each["id"]: each["state"] for each in admin.languages()} == {
        "sh": "served",
        "go": "disabled",
        "old": "not built",
    }
    assert admin.roll_back("sh")["current"]["version"] == "1.1"  # type: ignore[index]
    assert admin.disable("sh")["state"] == "disabled"
    assert admin.enable("go")["enabled"]
    with pytest.raises(ApiError) as caught:
        admin.roll_back("go")
    assert (caught.value.status, caught.value.code) == (409, "no_previous")


def test_a_build_is_begun_followed_to_its_end_and_found_again(
    admin: Admin, server: AdminServer
) -> None:
    build = admin.rebuild("sh", no_cache=True)
    assert build["language"] == "sh"
    with admin.build_log(build["id"]) as log:
        events = list(log)
    assert [event["event"] for event in events] == [
        *("state", "skipped", "started", "line", "state", "check", "finished", "state", "result")
    ]
    assert log.result is not None
    assert log.result["state"] == "succeeded"
    assert server.rebuilder.calls == [("sh", True)]
    (summary,) = admin.builds()
    assert summary["id"] == build["id"]
    assert [each["passed"] for each in admin.build(build["id"])["checks"]] == [True]
    (rest, *_) = admin.build_log(build["id"], start=6)
    assert rest["event"] == "finished"
    with pytest.raises(ApiError, match="has ended"):
        admin.cancel_build(build["id"])


def test_a_build_that_fails_is_a_result_and_no_exception(admin: Admin, server: AdminServer) -> None:
    server.rebuilder.outcome = RebuildError("sh/hello: printed nothing")
    log = admin.build_log(admin.rebuild("sh")["id"])
    assert [event["event"] for event in log][-1] == "result"
    assert log.result is not None
    assert (log.result["state"], log.result["error"]) == ("failed", "sh/hello: printed nothing")


def test_a_log_is_left_early_or_cancelled_and_the_build_goes_on(
    admin: Admin, server: AdminServer
) -> None:
    server.do(server.rebuilder.gate.clear)
    build = admin.rebuild("sh")
    with admin.build_log(build["id"]) as log:
        assert next(log)["event"] == "state"
    cancellation = Cancellation()
    following = admin.build_log(build["id"], cancellation=cancellation)
    next(following)
    cancellation.cancel()
    with pytest.raises(CallCancelledError):
        list(following)
    with pytest.raises(DeadlineError):
        list(admin.build_log(build["id"], deadline=0.1))
    assert admin.build(build["id"])["state"] == "building"
    assert admin.cancel_build(build["id"])["id"] == build["id"]


def test_jobs_are_listed_and_ended_the_server_drained_and_its_figures_read(admin: Admin) -> None:
    assert admin.jobs() == {"draining": False, "jobs": []}
    with pytest.raises(ApiError, match="no such job"):
        admin.end_job("0123")
    assert admin.drain() == {"draining": True, "activeJobs": 0}
    assert admin.jobs()["draining"]
    assert admin.resume() == {"draining": False, "activeJobs": 0}
    stats = admin.stats()
    assert (stats["jobs"], stats["slots"]["used"]) == ([], 0)
    assert stats["since_start"]["jobs"] == 0


async def test_every_method_is_there_for_asyncio(server: AdminServer) -> None:
    async with AsyncAdmin(server.url, ADMIN_KEY) as admin:
        assert "sh" in [each["id"] for each in await admin.languages()]
        build = await admin.rebuild("go")
        async with admin.build_log(build["id"]) as log:
            assert [event["event"] async for event in log][-1] == "result"
        assert log.result is not None
        assert log.result["id"] == build["id"]
        assert [each["id"] for each in await admin.builds()] == [build["id"]]
        assert (await admin.build(build["id"]))["state"] == "succeeded"
        assert (await admin.stats())["activeJobs"] == 0
        assert (await admin.drain())["draining"]
    both = [
        {name for name in vars(each) if not name.startswith("_")} for each in (Admin, AsyncAdmin)
    ]
    assert both[0] - {"close"} == both[1] - {"aclose"}


def test_a_key_that_administers_nothing_is_refused(server: AdminServer) -> None:
    for key, status in (("wrong", 401), (KEY, 403)):
        with Admin(server.url, key) as admin, pytest.raises(UnauthorizedError) as caught:
            admin.jobs()
        assert caught.value.status == status


def test_address_and_key_come_from_the_environment(
    server: AdminServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUNNER_URL", server.url)
    monkeypatch.setenv("RUNNER_ADMIN_KEY", ADMIN_KEY)
    with Admin() as admin:
        assert admin.jobs()["jobs"] == []
        assert ADMIN_KEY not in repr(admin)
    monkeypatch.setenv("RUNNER_ADMIN_KEY", "two\nlines")
    with pytest.raises(ConfigurationError, match="RUNNER_ADMIN_KEY"):
        Admin()


@pytest.mark.parametrize("name", ["", "..", "a/b", "a?x=1", "%2e", "a b", "a\n"])
def test_what_can_t_be_an_id_is_not_sent(bad: Misbehaving, name: str) -> None:
    bad.turns = [says()]
    calls = ("end_job", "rebuild", "roll_back", "enable", "disable", "build", "cancel_build")
    with Admin(bad.url, "key") as admin:
        for call in (*calls, "build_log"):
            with pytest.raises(ValueError, match="is no id"):
                getattr(admin, call)(name)
    assert bad.requests == []


@pytest.mark.parametrize("call", ["roll_back", "rebuild", "cancel_build", "end_job"])
def test_what_changes_something_is_sent_once(bad: Misbehaving, call: str) -> None:
    bad.turns = [refuses(503, "engine_unavailable", Retry_After="0")]
    with (
        Admin(bad.url, "key", retries=QUICK) as admin,
        pytest.raises(UnavailableError),
    ):
        getattr(admin, call)("sh")
    assert len(bad.requests) == 1


def test_what_only_looks_is_tried_again(bad: Misbehaving) -> None:
    bad.turns = [refuses(503), says(200, {"builds": []})]
    with Admin(bad.url, "key", retries=QUICK) as admin:
        assert admin.builds() == []
    assert len(bad.requests) == 2


@pytest.mark.parametrize("turn", [says(200, {}), says(302, {}), streams({"event": "result"})])
def test_what_is_no_runner_is_said(bad: Misbehaving, turn: Any) -> None:
    bad.turns = [turn]
    with Admin(bad.url, "key") as admin:
        for call in (admin.jobs, admin.languages, admin.drain, lambda: list(admin.build_log("a"))):
            with pytest.raises(ProtocolError, match="not a runner"):
                call()


def test_a_call_has_its_deadline(bad: Misbehaving) -> None:
    bad.turns = [hangs]
    with Admin(bad.url, "key", deadline=0.2) as admin, pytest.raises(DeadlineError):
        admin.jobs()


def test_the_types_are_the_server_s() -> None:
    schemas = document()["components"]["schemas"]
    theirs = {
        "PoolState": "Shelf",
        **{
            name: name
            for name in (
                *("TestsDone", "AdminJob", "AdminJobs", "Draining", "Check", "BuildSummary"),
                *("Build", "BuildStateEvent", "BuildTextEvent", "BuildCheckEvent"),
                *("BuildResultEvent", "Image", "Variant", "AdminLanguage", "ActiveJob", "Slots"),
                *("CompileCache", "OutcomeCount", "Period", "Stats"),
            )
        },
    }
    for ours, name in theirs.items():
        kind = getattr(_admin_types, ours)
        assert set(get_type_hints(kind)) == set(schemas[name]["properties"]), ours
        assert set(kind.__required_keys__) == set(schemas[name].get("required", ())), ours
    for alias, name in (("Phase", "Phase"), ("BuildState", "BuildState")):
        assert set(get_args(getattr(_admin_types, alias))) == set(schemas[name]["enum"])
