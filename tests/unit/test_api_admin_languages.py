from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from orchestrator.errors import (
    BusyLanguageError,
    ConfigurationError,
    EngineError,
    EngineUnavailableError,
    RunnerError,
)
from orchestrator.images.check_results import CheckResult, remember_checks
from orchestrator.images.store import LanguageImages
from tests.admin_support import (
    ADMIN_NAME,
    Client,
    FakeReconciler,
    ask,
    audit,
    make_image,
    start_workshop,
    until,
)
from tests.unit.test_builds import FakeRebuilder
from tests.unit.test_docs import first_cells


@pytest.fixture
def reconciler() -> FakeReconciler:
    return FakeReconciler()


@pytest.fixture
async def client(aiohttp_client: Any, reconciler: FakeReconciler, tmp_path: Path) -> Client:
    for name in ("sh", "new", "_base"):
        (tmp_path / name).mkdir()
    return await start_workshop(
        aiohttp_client, reconciler, FakeRebuilder(), images_dir=tmp_path, state_dir=tmp_path
    )


async def languages(client: Client) -> dict[str, dict[str, Any]]:
    status, answer = await ask(client, "GET", "/admin/languages")
    assert status == 200, answer
    return {each["id"]: each for each in answer["languages"]}


async def test_every_language_with_a_folder_or_an_image_is_told_of(
    client: Client, tmp_path: Path
) -> None:
    remember_checks(tmp_path, "sha256:1.2", [CheckResult("sh/hello", passed=True)])
    found = await languages(client)
    assert {name: each["state"] for name, each in found.items()} == {
        "sh": "served",
        "new": "not built",
        "go": "disabled",
        "old": "not built",
    }
    assert found["sh"] | {"languages": None} == {
        "id": "sh",
        "name": "sh",
        "state": "served",
        "enabled": True,
        "served_digest": "sha256:0",
        "promoted": "2026-11-25T01:02:03Z",
        "checks": [{"name": "sh/hello", "passed": True, "detail": "", "first_try": ""}],
        "current": {
            "version": "1.2",
            "digest": "sha256:1.2",
            "size": 1_000_000,
            "built": "2023-11-14T22:13:20.000+00:00",
        },
        "previous": found["sh"]["previous"],
        "languages": None,
        "last_build": None,
    }
    assert found["sh"]["previous"]["version"] == "1.1"
    (own,) = found["sh"]["languages"]
    assert (own["id"], own["aliases"], own["pool"]["size"]) == ("sh", ["shell"], 0)
    assert (found["go"]["languages"], found["go"]["promoted"], found["go"]["checks"]) == (
        [],
        None,
        [],
    )


async def test_every_field_of_a_language_is_documented(client: Client) -> None:
    assert set((await languages(client))["sh"]) - {"previous"} <= first_cells("admin.md")


async def test_the_last_build_is_told_of(client: Client) -> None:
    _, build = await ask(client, "POST", "/admin/languages/sh/rebuild")
    async with client.get(
        f"/admin/builds/{build['id']}/log", headers={"x-api-key": "second-root"}
    ) as response:
        await response.read()
    last = (await languages(client))["sh"]["last_build"]
    assert (last["id"], last["state"], last["passed"], last["failed"]) == (
        build["id"],
        "succeeded",
        1,
        0,
    )


async def test_an_image_of_which_nothing_can_be_made_out_is_listed_all_the_same(
    client: Client, reconciler: FakeReconciler
) -> None:
    reconciler.images = {"odd": LanguageImages("odd", make_image("3", "not = [toml"))}
    found = (await languages(client))["odd"]
    assert (found["state"], found["name"], found["languages"]) == ("not served", None, [])


async def test_a_change_answers_with_the_language_as_it_is_then(client: Client) -> None:
    with capture_logs() as logs:
        status, changed = await ask(client, "POST", "/admin/languages/sh/rollback")
        assert status == 200
        versions = changed["current"]["version"], changed["previous"]["version"]
        assert versions == ("1.1", "1.2")
        assert (await ask(client, "POST", "/admin/languages/sh/disable"))[1]["state"] == "disabled"
        assert (await ask(client, "POST", "/admin/languages/go/enable", json={}))[1]["enabled"]
    assert audit(logs) == [
        ("language.rollback", "sh", ADMIN_NAME, "done", None),
        ("language.disable", "sh", ADMIN_NAME, "done", None),
        ("language.enable", "go", ADMIN_NAME, "done", None),
    ]


@pytest.mark.parametrize("action", ["rollback", "enable", "disable"])
@pytest.mark.parametrize("name", ["new", "old", "nowhere", "SH", "%2e%2e%2fsh", "x" * 2000])
async def test_an_unknown_language_is_404(client: Client, action: str, name: str) -> None:
    with capture_logs() as logs:
        status, answer = await ask(client, "POST", f"/admin/languages/{name}/{action}")
    assert (status, answer["code"]) == (404, "unknown_language")
    ((_, _, _, outcome, code),) = audit(logs)
    assert (outcome, code) == ("refused", "unknown_language")


async def test_a_language_with_one_image_can_t_be_rolled_back(client: Client) -> None:
    status, answer = await ask(client, "POST", "/admin/languages/go/rollback")
    assert (status, answer["code"]) == (409, "no_previous")
    assert "no previous image" in answer["error"]


@pytest.mark.parametrize(
    ("failure", "status", "code", "outcome"),
    [
        (BusyLanguageError("sh"), 409, "busy", "refused"),
        (ConfigurationError("setting STATE_DIR: no"), 409, "configuration", "refused"),
        (EngineUnavailableError("away"), 503, "engine_unavailable", "failed"),
        (EngineError("no space left on device"), 502, "engine_error", "failed"),
    ],
)
async def test_what_stands_in_the_way_is_said(  # noqa: PLR0913, PLR0917 - columns
    client: Client,
    reconciler: FakeReconciler,
    failure: RunnerError,
    status: int,
    code: str,
    outcome: str,
) -> None:
    reconciler.failure = failure
    with capture_logs() as logs:
        answer = await ask(client, "POST", "/admin/languages/sh/enable")
    assert answer == (status, {"error": str(failure), "code": code})
    assert audit(logs) == [("language.enable", "sh", ADMIN_NAME, outcome, code)]
    if code != "busy":  # who only looks is in nobody's way
        assert (await ask(client, "GET", "/admin/languages"))[0] == status


async def test_a_rollback_goes_on_to_its_end_without_its_caller(
    client: Client, reconciler: FakeReconciler
) -> None:
    reconciler.gate.clear()
    with capture_logs() as logs:
        asking = asyncio.create_task(ask(client, "POST", "/admin/languages/sh/rollback"))
        await reconciler.begun.wait()
        asking.cancel()
        await until(lambda: any(line.get("status") == 0 for line in logs))
        reconciler.gate.set()
        await until(lambda: bool(audit(logs)))
    assert audit(logs) == [("language.rollback", "sh", ADMIN_NAME, "done", None)]
    assert (await languages(client))["sh"]["current"]["version"] == "1.1"
