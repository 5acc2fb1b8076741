from __future__ import annotations

import json

import pytest
import structlog

from orchestrator.telemetry import configure_logging


def test_away_from_a_terminal_a_line_is_one_json_object(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info")
    structlog.get_logger().info("job", id="1")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["id"], line["level"]) == ("job", "1", "info")


def test_in_a_terminal_a_line_is_for_people(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    configure_logging("info")
    structlog.get_logger().info("job", id="1")
    text = capsys.readouterr().err
    assert "job" in text
    assert not text.startswith("{")


def test_what_is_below_the_level_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("warning")
    structlog.get_logger().info("job")
    assert capsys.readouterr().err == ""
