"""The forge's workflows: thin, pinned, and naming nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.checkout import ROOT

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
PINNED = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40}")
pytestmark = [pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)]


def jobs(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(path.read_text())["jobs"]
    return found


def steps(path: Path) -> list[dict[str, Any]]:
    return [step for job in jobs(path).values() for step in job["steps"]]


def test_actions_are_pinned_by_commit_with_their_version_beside(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text())
    assert used
    for action, comment in used:
        assert PINNED.fullmatch(action), action
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), action


def test_workflows_call_make_targets_that_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    made = {
        name for step in steps(path) for name in re.findall(r"make ([a-z-]+)", step.get("run", ""))
    }
    assert made
    assert made <= targets


def test_no_job_may_do_more_than_it_says_or_last_for_ever(path: Path) -> None:
    assert yaml.safe_load(path.read_text())["permissions"] == {}
    for job in jobs(path).values():
        assert "permissions" in job
        assert job["timeout-minutes"] <= 180


def test_no_expression_is_put_into_a_script(path: Path) -> None:
    """What comes from outside reaches a script as a variable alone."""
    assert [step["run"] for step in steps(path) if "${{" in step.get("run", "")] == []


def test_the_registry_is_named_by_the_forge_alone(path: Path) -> None:
    assert re.findall(r"\b[\w-]+\.(?:io|com|org)\b", path.read_text()) == []
