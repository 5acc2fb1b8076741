"""The results of the checks of each image, kept in a file of the state folder."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

FILE = "samples.json"
MOST_IMAGES = 100


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The result of one check of an image; `detail` says why it failed.

    `trial` names it: `limit memory` for a part of the self-test, `cpp20/hello` for a sample.
    `first_try` says the same of a first try that failed; empty where one was enough.
    """

    trial: str
    passed: bool
    detail: str = ""
    first_try: str = ""

    @property
    def outcome(self) -> str:
        """A line for people: whether it passed, else why not; and that it took two tries."""
        text = "passed" if self.passed else f"FAILED: {self.detail}"
        return text + second_try(self.first_try)


def second_try(first_try: str) -> str:
    """What stands behind the outcome of a second try; empty where one was enough."""
    return f" (second try; first: {first_try})" if first_try else ""


_KNOWN = TypeAdapter(dict[str, tuple[CheckResult, ...]])


def remember_checks(state_dir: Path, digest: str, checks: Sequence[CheckResult]) -> None:
    """Keep the results of an image, and those of the latest others. A crash leaves the old file."""
    known = {name: each for name, each in recall_checks(state_dir).items() if name != digest}
    latest = dict(list(known.items())[1 - MOST_IMAGES :])
    latest[digest] = tuple(checks)
    fresh = state_dir / f"{FILE}.{os.getpid()}"
    fresh.write_bytes(_KNOWN.dump_json(latest))
    fresh.replace(state_dir / FILE)


def recall_checks(state_dir: Path) -> dict[str, tuple[CheckResult, ...]]:
    """The results that are kept, by digest; none when the file is missing or damaged."""
    try:
        return _KNOWN.validate_json((state_dir / FILE).read_bytes())
    except (OSError, ValidationError):
        return {}
