"""One run of pytest on the spoilt copy, up to its first failure."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.mutations.scratch import Scratch

UNIT, TEST, REST = "not docker and not thorough", "docker and not thorough", "thorough"
TEST_TIMEOUT_S = 120
"""A test that hangs has noticed as well."""
RUN_TIMEOUT_S = 3600
ARGUMENTS = ("-x", "-q", "-p", "no:randomly", "-p", "no:cacheprovider", "--no-header", "--tb=line")
PASSED, FAILED, INTERRUPTED, NOTHING = 0, 1, 2, 5
_NOTICED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)


class BrokenTrialError(Exception):
    """The run says nothing about the mutation."""


@dataclass(frozen=True, slots=True)
class Trial:
    """`noticed_by`: the test that failed; empty: none did."""

    noticed_by: str
    seconds: float


def run_tests(
    scratch: Scratch, marks: str, tests: Sequence[str], env: dict[str, str] | None = None
) -> Trial:
    """Those of `tests` (arguments of pytest) that have these marks, one after the other."""
    chosen, log = scratch.beside / "chosen", scratch.beside / "trial.log"
    chosen.write_text("\n".join(tests), "utf-8")
    command = [str(scratch.python), "-m", "pytest", *ARGUMENTS, f"--timeout={TEST_TIMEOUT_S}"]
    began = time.monotonic()
    status = _run([*command, "-m", marks, f"@{chosen}"], scratch, env or scratch.env(), log)
    seconds = time.monotonic() - began
    if status in {PASSED, NOTHING}:
        return Trial("", seconds)
    text = log.read_text("utf-8", "replace")
    noticed = _NOTICED.search(text)
    if noticed is not None:
        return Trial(noticed[1].strip(), seconds)
    if "Timeout" in text:  # pytest-timeout ends the process, where it can't do less
        return Trial("a test that hung", seconds)
    raise BrokenTrialError(f"pytest ended with {status}:\n{text[-2000:]}")


def _run(command: Sequence[str], scratch: Scratch, env: dict[str, str], log: Path) -> int:
    with log.open("wb") as output:
        return subprocess.run(
            ["nice", "-n", "10", *command],
            cwd=scratch.root,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            timeout=RUN_TIMEOUT_S,
            check=False,
        ).returncode
