"""A mix of jobs, the same at every run: each has a token of its own that its answer must show."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.docker.contract_client import FORMS, NDJSON, SSE, Asked
from tests.docker.contract_shapes import Json
from tests.docker.server import API_KEYS
from tests.docker.small_programs import source

SHARES = {"python": 45, "c": 25, "cpp": 18, "java": 12}
OUTCOMES = {
    "sum": 70,
    "broken": 6,
    "exit": 6,
    "signal": 4,
    "sleep": 4,
    "spin": 4,
    "hog": 3,
    "flood": 3,
}
SIGNALS = (4, 6, 8, 9, 11, 15)
OUTPUT_BYTES = 2048
# Every limit that is to be met leaves time to print the token first, on a busy machine, too.
LIMITS: Mapping[str, Json] = {
    "sleep": {"wall_ms": 2000},
    "spin": {"cpu_ms": 500, "wall_ms": 30_000},
    "hog": {"memory_mb": 64, "wall_ms": 30_000},
    "flood": {"output_kb": OUTPUT_BYTES // 1024, "wall_ms": 30_000},
}
_ROOMY: Json = {"wall_ms": 30_000}
_JAVA_SLEEP: Json = {"wall_ms": 5000}
_HANG_UPS = ("sleep", "drip", "sum")
_KEYS = API_KEYS.split(",")


@dataclass(frozen=True)
class MixedJob:
    """A request and what its answer must have: `status`, then paths like `run.signal`."""

    number: int
    language: str
    kind: str
    asked: Asked
    token: str
    status: str
    expected: Mapping[str, Any] = field(default_factory=dict)

    def check(self, answer: Json) -> None:
        """Raises AssertionError unless the answer is the right one, and this job's."""
        seen = {path: _at(answer, path) for path in self.expected}
        assert (answer["status"], seen) == (self.status, self.expected), (self, answer)
        assert answer["language"] == self.language, (self, answer)
        assert self.token in (answer["output"] or answer["error"]), (self, answer)


@dataclass(frozen=True)
class HangUp:
    """A request whose caller leaves: on the event `leave_at`, or after `leave_after_s`."""

    language: str
    asked: Asked
    leave_at: str = ""
    leave_after_s: float = 0.0


def make_mix(count: int, seed: int) -> list[MixedJob]:
    """`count` jobs in the shares above, shuffled; a third in each form of answer."""
    dice = random.Random(seed)  # noqa: S311 - a mix that is the same at every run, nothing secret
    languages = _shared_out(SHARES, count)
    dice.shuffle(languages)
    kinds = _shared_out(OUTCOMES, count)
    dice.shuffle(kinds)
    forms = [FORMS[number % len(FORMS)] for number in range(count)]
    dice.shuffle(forms)
    rows = zip(languages, kinds, forms, strict=True)
    return [_make_job(number, *row, dice) for number, row in enumerate(rows)]


def make_hang_ups(count: int, seed: int) -> list[HangUp]:
    """Callers that leave while their program sleeps, prints or is compiled.

    Who gets a stream leaves on an event, and who gets JSON after a while: long after the job was
    accepted, and long before it ends.
    """
    dice = random.Random(seed)  # noqa: S311 - as above
    hang_ups = []
    for number in range(count):
        kind = _HANG_UPS[number % len(_HANG_UPS)]
        language = {"sum": "java"}.get(kind) or dice.choice(list(SHARES))
        code = source(language, kind, f"leaving {number}".encode())
        form = dice.choice((SSE, NDJSON)) if kind == "sum" else dice.choice(FORMS)
        asked = _ask(form, language=language, code=code, timeout=50_000)
        leave_at = "stage" if kind == "sum" else "stdout"
        if form in (SSE, NDJSON):
            hang_ups.append(HangUp(language, asked, leave_at=leave_at))
        else:
            hang_ups.append(HangUp(language, asked, leave_after_s=dice.uniform(1, 3)))
    return hang_ups


def _shared_out(shares: Mapping[str, int], count: int) -> list[str]:
    total = sum(shares.values())
    names = [name for name, share in shares.items() for _ in range(count * share // total)]
    return names + [next(iter(shares))] * (count - len(names))


def _make_job(number: int, language: str, kind: str, form: str, dice: random.Random) -> MixedJob:
    token = f"token_{number}_{dice.getrandbits(48):012x}"
    status, expected, text, code = _OUTCOMES[kind](language, token, dice)
    asked = _ask(
        form,
        number,
        language=language,
        code=code,
        input=text,
        limits=_JAVA_SLEEP if (language, kind) == ("java", "sleep") else LIMITS.get(kind, _ROOMY),
    )
    return MixedJob(number, language, kind, asked, token, status, expected)


def _ask(form: str, number: int = 0, **body: Any) -> Asked:
    headers = {
        "Authorization": f"Bearer {_KEYS[number % len(_KEYS)]}",
        "Content-Type": "application/json",
    }
    return Asked(json.dumps(body).encode(), headers, form)


Outcome = tuple[str, Mapping[str, Any], str, str]
"""Status, what else is expected, input, code."""


def _sum(language: str, token: str, dice: random.Random) -> Outcome:
    a, b = dice.getrandbits(30), dice.getrandbits(30)
    output = f"{token} {a + b}\n"
    code = source(language, "sum")
    return "accepted", {"run.stdout": output, "run.exit_code": 0}, f"{token} {a} {b}\n", code


def _broken(language: str, token: str, _dice: random.Random) -> Outcome:
    code = source(language, "broken", name=token)
    if language == "python":
        return "runtime_error", {"run.exit_code": 1, "run.killed_by": None}, "", code
    return "compile_error", {"run": None, "compile.killed_by": None}, "", code


def _exit(language: str, token: str, dice: random.Random) -> Outcome:
    status = dice.randint(1, 120)
    code = source(language, "exit", token.encode(), status)
    return "runtime_error", {"run.exit_code": status, "error": token}, "", code


def _signal(language: str, token: str, dice: random.Random) -> Outcome:
    number = 9 if language == "java" else dice.choice(SIGNALS)  # the JVM handles the others
    expected = {
        "run.signal": number,
        "run.killed_by": "signal",
        "run.stdout": f"{token}\n",
        "error": f"Process exited with code {128 + number}",
    }
    code = source(language, "signal", token.encode(), number)
    return "runtime_error", expected, "", code


def _flood(language: str, token: str, _dice: random.Random) -> Outcome:
    line = f"{token}\n"
    expected = {
        "run.stdout": (line * OUTPUT_BYTES)[:OUTPUT_BYTES],
        "run.killed_by": "output",
        "run.stdout_truncated": True,
    }
    return "output_limit", expected, "", source(language, "flood", token.encode())


def _limit(kind: str, status: str, killed_by: str) -> Callable[..., Outcome]:
    def outcome(language: str, token: str, _dice: random.Random) -> Outcome:
        expected = {"run.killed_by": killed_by, "run.stdout": f"{token}\n"}
        return status, expected, "", source(language, kind, token.encode())

    return outcome


_OUTCOMES: Mapping[str, Callable[[str, str, random.Random], Outcome]] = {
    "sum": _sum,
    "broken": _broken,
    "exit": _exit,
    "signal": _signal,
    "flood": _flood,
    "sleep": _limit("sleep", "time_limit", "wall"),
    "spin": _limit("spin", "time_limit", "cpu"),
    "hog": _limit("hog", "memory_limit", "memory"),
}


def _at(answer: Json, path: str) -> Any:
    value: Any = answer
    for name in path.split("."):
        value = value[name]
    return value
