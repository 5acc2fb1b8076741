from __future__ import annotations

import contextlib
import json
import logging
import os
import re

import pytest
import structlog
from aiohttp.http_exceptions import BadStatusLine

from orchestrator.errors import EngineError
from orchestrator.log_lines import MOST_TOLD
from orchestrator.telemetry import configure_logging, describe

JOB = {
    "job_id": "c671851e92633a02",
    "language": "python",
    "status": "time_limit",
    "killed_by": "wall",
    "container": "codebae-c4ff159bc414d951",
    "queue_ms": 0.1,
    "total_ms": 5007.9,
    "request_id": "718aa7185bc4410d9a602b039e7f64f0",
}
REQUEST = {
    "method": "POST",
    "path": "/execute",
    "status": 200,
    "duration_ms": 5009.2,
    "request_id": JOB["request_id"],
}


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


def test_for_people_a_request_is_one_short_line(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text")
    log = structlog.get_logger()
    log.info("job", **JOB)
    log.info("request", **REQUEST)
    log.info("job", **JOB | {"status": "accepted", "killed_by": None, "total_ms": 17.3})
    log.info("job", **JOB | {"killed_by": "cpu", "exceeded_ms": 1003.2})
    lines = capsys.readouterr().err.splitlines()
    assert [line[8:] for line in lines] == [
        "  time_limit (wall)     python                  5008 ms  c671851e",
        "  accepted              python                    17 ms  c671851e",
        "  time_limit (cpu)      python                  1003 ms  c671851e",
    ]
    assert all(re.match(r"\d\d:\d\d:\d\d  ", line) for line in lines)


def test_for_people_a_request_that_ended_otherwise_than_its_job_is_told_too(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    log = structlog.get_logger()
    for status, shown in ((503, "503"), (0, "hung up"), (200, "")):
        log.info("job", **JOB)
        log.info("request", **REQUEST | {"status": status})
        job, *request = capsys.readouterr().err.splitlines()
        assert "time_limit (wall)" in job
        assert [line[10:31].strip() for line in request] == [shown] * bool(shown)


def test_for_people_a_request_without_a_job_is_told_by_its_status(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    path = "/\x1b[2Jx/" + "a" * 90
    structlog.get_logger().info("request", **REQUEST | {"status": 404, "path": path})
    text = capsys.readouterr().err
    assert text[8:].startswith("  404 ")
    assert "POST /\ufffd[2Jx/aaa" in text
    assert "\x1b" not in text
    assert len(text.rstrip()) == 80


def test_for_people_an_admin_s_change_is_one_short_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    log = structlog.get_logger()
    change = {"action": "job.end", "target": "1e134926adae8898", "key": "admin-1", "code": None}
    asked = REQUEST | {"method": "DELETE", "path": "/admin/jobs/1e134926adae8898"}
    for outcome, code, status in (("done", None, 202), ("refused", "not_found", 404)):
        known = {"request_id": asked["request_id"], "outcome": outcome, "code": code}
        log.info("audit", **change | known)
        log.info("request", **asked | {"status": status})
    lines = capsys.readouterr().err.splitlines()
    assert [line[8:] for line in lines] == [
        "  done                  job.end 1e134926adae8898             admin-1",
        "  refused (not_found)   job.end 1e134926adae8898             admin-1",
    ]


def test_what_is_remembered_of_requests_is_bounded(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("info", "text")
    log = structlog.get_logger()
    for number in range(MOST_TOLD + 1):
        log.info("job", **JOB | {"request_id": f"r{number}"})
    capsys.readouterr()
    log.info("request", **REQUEST | {"request_id": "r0"})
    assert "POST /execute" in capsys.readouterr().err
    log.info("request", **REQUEST | {"request_id": "r1"})
    assert capsys.readouterr().err == ""


def test_for_people_what_is_odd_about_the_settings_is_a_sentence(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    structlog.get_logger().warning("settings", remark="MAX_JOB is not read; MAX_JOBS is")
    assert capsys.readouterr().err[8:] == "  warning: MAX_JOB is not read; MAX_JOBS is\n"


def test_on_a_terminal_a_verdict_has_its_colour(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    configure_logging("info")
    structlog.get_logger().info("job", **JOB)
    structlog.get_logger().info("job", **JOB | {"status": "accepted", "killed_by": None})
    wrong, right = capsys.readouterr().err.splitlines()
    assert "\x1b[31mtime_limit (wall)" in wrong
    assert "\x1b[32maccepted" in right


def test_a_library_s_line_that_looks_like_ours_is_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure_logging("info", "text")
    for word in ("job", "request"):
        logging.getLogger("library").error(word)
        assert "library" in capsys.readouterr().err


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
