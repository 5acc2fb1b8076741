"""`run FILE --url SERVER`: one program on a server, its output printed as it comes."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import Literal

from codebae_runner_client import (
    Answer,
    ApiError,
    AsyncRunner,
    Event,
    RunnerError,
    Submission,
    UnauthorizedError,
)
from rich.console import Console
from rich.text import Text

from orchestrator.cli.exit_codes import NOBODY_READS, OWN_FAULT, SIGNAL_BASE
from orchestrator.cli.file_language import no_language
from orchestrator.cli.remote_errors import MAX_SHOWN, RemoteError, understood, with_details
from orchestrator.cli.server import Server, images_dir
from orchestrator.printable import printable_line

COLOURS = {"accepted": "bold green", "cancelled": "bold yellow"}
FAILED = "bold red"
_TIMES: dict[str, Literal["cpu_ms", "wall_ms"]] = {"cpu": "cpu_ms", "wall": "wall_ms"}
"""Which time of a stage met the limit that ended it."""
MAX_INPUT = 64 << 20
"""Bytes; the server has a bound of its own, which is not known here."""


async def run_remotely(
    server: Server, file: Path, stdin: bytes, language: str | None, err: Console
) -> int:
    """Run `file`, print what it prints, and return what this process should exit with.

    Raises RemoteError. Whoever interrupts it hangs up, which ends the job.
    """
    async with AsyncRunner(server.url, server.key, deadline=None) as runner:
        try:
            name = language or await _find_language(runner, file, server)
            async with runner.stream(**_submission(name, file, stdin)) as events:
                async for event in events:
                    with understood():
                        _print(event)
        except BrokenPipeError:
            return NOBODY_READS
        except RunnerError as error:
            raise RemoteError(_message(error, server)) from error
    with understood():
        return _report(events.result, err)


async def _find_language(runner: AsyncRunner, file: Path, server: Server) -> str:
    languages = await runner.languages()
    with understood():
        for each in languages:
            if file.suffix in each["extensions"]:
                return str(each["id"])
    raise RemoteError(printable_line(no_language(file, images_dir(), server.url)))


def _submission(language: str, file: Path, stdin: bytes) -> Submission:
    """Base64 both ways: bytes stay what they are."""
    return {
        "language": language,
        "files": [{"name": file.name, "content": _encode(file.read_bytes()), "encoding": "base64"}],
        "input": _encode(stdin),
        "encoding": "base64",
    }


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _print(event: Event) -> None:
    if event["event"] == "stdout" or event["event"] == "stderr":
        file = sys.stdout if event["event"] == "stdout" else sys.stderr
        file.buffer.write(base64.b64decode(event["data"], validate=True))
        file.buffer.flush()


def _message(error: RunnerError, server: Server) -> str:
    if isinstance(error, UnauthorizedError):
        return f"{server.url}: the key is not one of the server's ({error.status})"
    if isinstance(error, ApiError):
        return with_details(f"{error.message} ({error.status})", error.message, error.details)
    return printable_line(str(error))[:MAX_SHOWN]


def _report(result: Answer | None, err: Console) -> int:
    if result is None:
        raise ValueError("a stream without an end")
    last = result["run"] or result["compile"]
    cause = f" ({last['killed_by']})" if last and last["killed_by"] else ""
    if last and last["killed_by"] in _TIMES:
        cause += f" at {last[_TIMES[last['killed_by']]] or 0:.0f} ms"
    times = result["timings"]
    figures = [f"{name} {times[f'{name}_ms']:.0f} ms" for name in ("sandbox", "compile", "run")]  # type: ignore[literal-required]
    if last and last["memory_kb"] is not None:
        figures.append(f"{last['memory_kb'] / 1024:.1f} MiB")
    verdict = Text(
        printable_line(f"{result['status']}{cause}"), COLOURS.get(result["status"], FAILED)
    )
    err.print(verdict, Text(", ".join(figures), "dim"), sep=": ", soft_wrap=True)
    if last is None:
        return OWN_FAULT
    if last["signal"] is not None:
        return SIGNAL_BASE + int(last["signal"])
    return OWN_FAULT if last["exit_code"] is None else int(last["exit_code"])
