"""How hints name the commands."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from orchestrator.cli.program import program


@pytest.mark.parametrize(
    ("started", "is_found", "called"),
    [
        (".venv/bin/codebae-runner", False, ".venv/bin/codebae-runner"),
        ("my folder/codebae-runner", False, "'my folder/codebae-runner'"),
        ("/opt/runner/bin/codebae-runner", True, "codebae-runner"),
        ("/app/orchestrator/__main__.py", True, f"{sys.executable} -m orchestrator"),
        ("pytest", False, "codebae-runner"),
    ],
)
def test_a_hint_names_what_can_be_typed_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, started: str, called: str, *, is_found: bool
) -> None:
    if is_found:
        (tmp_path / "codebae-runner").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [started])
    assert program() == called
