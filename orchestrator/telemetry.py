"""Logging: structlog, short lines on a terminal, one JSON object per line elsewhere.

Never in a log line: code, input, output, keys. An exception that nobody foresaw may quote any of
them, so of those only the type and the place are written; our own messages are made to be read.
"""

from __future__ import annotations

import contextlib
import io
import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any, TextIO, cast

import structlog

from orchestrator.errors import RunnerError
from orchestrator.log_lines import ShortLines

MAX_CAUSES = 20

_TIME = structlog.processors.TimeStamper(fmt="iso")
_TIME_OF_DAY = structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)


def configure_logging(level: str, log_format: str = "auto") -> None:
    """Set logging up for the process, the libraries' included.

    `level` and `log_format` as in the settings LOG_LEVEL and LOG_FORMAT.
    """
    as_text = log_format == "text" or (log_format == "auto" and sys.stderr.isatty())
    renderer: structlog.typing.Processor = (
        ShortLines(colors=sys.stderr.isatty()) if as_text else structlog.processors.JSONRenderer()
    )
    shared: tuple[structlog.typing.Processor, ...] = (
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _TIME_OF_DAY if as_text else _TIME,
    )
    stderr = cast("TextIO", _Forgiving(sys.stderr))
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, _describe_exception, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(stderr),
    )
    handler = logging.StreamHandler(stderr)
    handler.addFilter(_is_our_concern)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _keep_to_the_point,
                _describe_exception,
                renderer,
            ],
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
        )
    )
    # Libraries speak up when something is wrong; below that they would tell of every request.
    logging.basicConfig(handlers=[handler], level=max(number, logging.WARNING), force=True)


class _Forgiving(io.TextIOBase):
    """A file that ignores failed writes: a log that nobody reads must not stop the server."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> int:
        with contextlib.suppress(OSError, ValueError):
            self._file.write(text)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._file.flush()


def _is_our_concern(record: logging.LogRecord) -> bool:
    """Bytes that are no HTTP get their 400; a line with a stack for each would be a flood."""
    error = record.exc_info[1] if record.exc_info else None
    return type(error).__module__ != "aiohttp.http_exceptions"


def _describe_exception(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """`exc_info` as `exception`: a line per frame, and no message that may quote a client."""
    info = event.pop("exc_info", None)
    error = sys.exception() if info is True else info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        event["exception"] = describe(error)
    return event


def describe(error: BaseException, seen: frozenset[int] = frozenset()) -> str:
    """An exception without what it says, unless it is one of ours; with where it came from.

    `seen`: the ids of those told already, as a cause may lead back to itself.
    """
    if id(error) in seen or len(seen) >= MAX_CAUSES:
        return "…"
    seen |= {id(error)}
    frames = traceback.extract_tb(error.__traceback__)
    places = [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
    lines = [*places, _name(error)]
    if isinstance(error, BaseExceptionGroup):
        lines += [describe(each, seen) for each in error.exceptions]
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None:
        lines = [describe(earlier, seen), "then", *lines]
    return "\n".join(lines)


def _name(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    return f"{name}: {error}" if isinstance(error, RunnerError) else name


def _keep_to_the_point(
    _logger: Any, _method: str, event: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """A library's own line: asyncio's quote a task with all that it was called with."""
    text = str(event.get("event", ""))
    event["event"] = text.partition("\n")[0][:200]
    return event
