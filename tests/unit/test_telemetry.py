from __future__ import annotations

import contextlib
import json
import logging
import os

import pytest
import structlog
from aiohttp.http_exceptions import BadStatusLine

from orchestrator.errors import EngineError
from orchestrator.telemetry import configure_logging, describe


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


CODE = "print('the secret program')"


def fail() -> None:
    try:
        int(CODE)
    except ValueError as err:
        raise KeyError(CODE) from err


@pytest.mark.parametrize("log_format", ["json", "text"])
def test_an_exception_is_told_by_type_and_place_and_never_quoted(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure_logging("info", log_format)
    for logger in (structlog.get_logger(), logging.getLogger("library")):
        try:
            fail()
        except KeyError:
            logger.exception("it failed")
        text = capsys.readouterr().err
        assert "KeyError" in text
        assert "ValueError" in text
        assert "in fail" in text
        assert "secret" not in text


def test_our_own_exceptions_are_quoted_in_groups_too() -> None:
    text = describe(ExceptionGroup(CODE, [EngineError("no such image"), OSError(CODE)]))
    assert "EngineError: no such image" in text
    assert "OSError" in text
    assert "secret" not in text


def test_a_library_s_line_is_one_short_line_of_the_same_form(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info")
    logging.getLogger("asyncio").error("Task was destroyed\ntask: <%s>", CODE)
    logging.getLogger("asyncio").info("nobody needs to know")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["logger"]) == ("Task was destroyed", "asyncio")


@pytest.mark.parametrize(("log_format", "is_json"), [("json", True), ("text", False)])
def test_the_form_can_be_chosen(
    capsys: pytest.CaptureFixture[str], log_format: str, *, is_json: bool
) -> None:
    configure_logging("info", log_format)
    structlog.get_logger().info("job", id="1")
    assert capsys.readouterr().err.startswith("{") is is_json


def test_a_cause_that_leads_back_to_itself_ends() -> None:
    error = EngineError("busy")
    error.__cause__ = error
    assert describe(error).count("EngineError: busy") == 1


def test_a_log_that_nobody_reads_stops_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "w", buffering=1) as broken:
        monkeypatch.setattr("sys.stderr", broken)
        configure_logging("info")
        structlog.get_logger().info("job", id="1")
        logging.getLogger("library").error("it failed")
        with pytest.raises(BrokenPipeError):
            broken.write("the pipe is broken indeed\n")
        monkeypatch.undo()
        with contextlib.suppress(OSError):
            broken.close()


def test_bytes_that_are_no_http_are_no_concern(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info")
    error = BadStatusLine("\x16\x03")
    logging.getLogger("aiohttp.server").error("Error handling request", exc_info=error)
    assert capsys.readouterr().err == ""
