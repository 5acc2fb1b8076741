"""What the program of `run` reads: a file, or what is piped in here."""

from __future__ import annotations

import contextlib
import select
import sys
from typing import BinaryIO

from rich.console import Console

from orchestrator.errors import InvalidSubmissionError

PATIENCE_S = 2.0
"""For the first bytes of a pipe; then whoever sits there is told what is being waited for."""


def read_input(given: BinaryIO | None, max_bytes: int, err: Console) -> bytes:
    """All of `given`, else of stdin where that is not a terminal; no more than `max_bytes`.

    Raises InvalidSubmissionError when it is longer, or can't be read.
    """
    source = given or _piped(err)
    if source is None:
        return b""
    try:
        data = source.read(max_bytes + 1)
    except OSError as error:
        raise InvalidSubmissionError(f"the input can't be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise InvalidSubmissionError(f"the input is longer than {max_bytes} bytes")
    return data


def _piped(err: Console) -> BinaryIO | None:
    """None where stdin is closed, or a terminal: that is read only when asked (`--input -`)."""
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return None
    with contextlib.suppress(OSError, ValueError):  # what can't be waited for is read at once
        if not select.select([sys.stdin], [], [], PATIENCE_S)[0]:
            err.print(
                "Waiting for the end of stdin, which is the program's input "
                "(none: --input /dev/null)",
                style="dim",
                soft_wrap=True,
            )
    return sys.stdin.buffer
