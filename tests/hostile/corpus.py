"""The corpus of hostile programs: `programs/<language>/`, one file each, described by its header.

A header is the comment at the top of a file: `/*` to `*/`, each line led by ` *`, or the docstring
in Python. It consists of fields, `Name: value`; further lines of a value are indented.

    Class        what is attacked, of CLASSES; several with commas
    Attacks      what the program does, in a sentence or two
    Invariant    what must hold all the same
    Allowed      every outcome that keeps the invariant: verdict, or verdict/killed_by
    Request      optional: JSON for the body of POST /execute (limits, args, input, …);
                 a list of such: one job for each
    With         optional: files of `programs/with/` to send along
    Tries        optional: stdout is a line per try, as attack.h says, at least so many,
                 none of them BROKEN; and stderr is empty
    Prints       optional: a regular expression for all of stdout (`.` is any character)
    Says         optional: text in the stderr of the stage that decided
    Hits         optional: what the answer's `limits_hit` must name
    Within       optional: seconds; the answer must come so soon, however long its limits are
    Slow         optional: why it takes long; then `make test-all` runs it, `make test` does not
    Bites        optional: the try that gets through where nothing protects (C, C++; with Tries)

An unknown, repeated or missing field is an error that names the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestrator.jobs.model import Cause, Verdict
from orchestrator.sandbox.model import LimitHit
from tests.outcomes import Outcome, parse_outcome
from tests.speeds import one_in

PROGRAMS = Path(__file__).parent / "programs"
WITH = "with"  # the folder of files that are sent along; beside those of the languages
EXTENSIONS = {"c": ".c", "cpp": ".cpp", "java": ".java", "python": ".py"}
_CLASSES = """
cpu memory processes disk inodes files output signals leftovers streams frames proc ptrace
namespaces mounts keyrings io_uring kernel network identity limits quotas compile
"""
CLASSES = frozenset(_CLASSES.split())
# A program that brings these about has won, whatever its header says.
LOST_VERDICTS = frozenset({Verdict.INTERNAL_ERROR, Verdict.CANCELLED, Verdict.CHECKER_ERROR})
LOST_CAUSES = frozenset({Cause.SANDBOX, Cause.ENGINE})

_REQUIRED = ("Class", "Attacks", "Invariant", "Allowed")
_OPTIONAL = ("Request", "With", "Tries", "Prints", "Says", "Hits", "Within", "Slow", "Bites")
_COMMENT = re.compile(r'/\*\n(?P<c>.*?)\n ?\*/|r?"""(?P<python>.*?)"""', re.DOTALL)
_FIELD = re.compile(r"(?P<name>\w+): +(?P<value>\S.*)")


class HeaderError(Exception):
    """A program whose header can't be used."""


@dataclass(frozen=True, slots=True)
class Program:
    """A hostile program and what its header says of it."""

    path: Path
    language: str
    classes: frozenset[str]
    attacks: str
    invariant: str
    allowed: frozenset[Outcome]
    requests: tuple[Mapping[str, Any], ...] = ({},)
    companions: tuple[str, ...] = ()
    tries: int | None = None
    prints: re.Pattern[str] | None = None
    says: str = ""
    hits: frozenset[LimitHit] = frozenset()
    within_s: float | None = None
    slow: str | None = None
    bites: str | None = None

    @property
    def name(self) -> str:
        """As the tests name it: language and file, without the extension."""
        return f"{self.language}/{self.path.stem}"

    def files(self) -> list[dict[str, str]]:
        """What to send: the program, then its companions."""
        paths = [self.path, *(self.path.parent.parent / WITH / name for name in self.companions)]
        return [{"name": path.name, "content": path.read_text("utf-8")} for path in paths]


def load(folder: Path = PROGRAMS) -> list[Program]:
    """Every program there is. Raises HeaderError for the first one that can't be used."""
    return [
        parse(path, language)
        for language, extension in EXTENSIONS.items()
        for path in sorted((folder / language).iterdir())
        if path.suffix == extension or _is_stray(path)
    ]


def every_third() -> list[Program]:
    """Those that `make test` runs: a third of those that are quick, every class among them."""
    quick = [program for program in load() if program.slow is None]
    return one_in(3, quick, lambda program: program.classes)


def parse(path: Path, language: str) -> Program:
    """A program from its file. Raises HeaderError."""
    fields = read_fields(path, _REQUIRED, _OPTIONAL)
    return Program(
        path=path,
        language=language,
        classes=_words(path, fields, "Class", CLASSES),
        attacks=fields["Attacks"],
        invariant=fields["Invariant"],
        allowed=frozenset(_outcome(path, text) for text in fields["Allowed"].split()),
        requests=_requests(path, fields),
        companions=_companions(path, fields),
        tries=int(_number(path, fields, "Tries")) if "Tries" in fields else None,
        prints=_pattern(path, fields),
        says=fields.get("Says", ""),
        hits=frozenset(map(LimitHit, _words(path, fields, "Hits", frozenset(LimitHit)))),
        within_s=_number(path, fields, "Within") if "Within" in fields else None,
        slow=fields.get("Slow"),
        bites=fields.get("Bites"),
    )


def _is_stray(path: Path) -> bool:
    raise HeaderError(f"{path}: not a program of this language")


def read_fields(
    path: Path, required: Collection[str], optional: Collection[str] = ()
) -> dict[str, str]:
    """The fields of a program's header. Raises HeaderError for an unknown or missing one."""
    found = _COMMENT.match(path.read_text("utf-8"))
    if found is None:
        raise HeaderError(f"{path}: no header")
    fields: dict[str, str] = {}
    name = ""
    for line in (found["c"] or found["python"]).strip("\n").splitlines():
        text = re.sub(r"^ \* ?", "", line) if found["c"] else line
        begin = _FIELD.fullmatch(text)
        if name and text.startswith("  "):
            fields[name] += " " + text.strip()
        elif begin is None or begin["name"] not in (*required, *optional):
            raise HeaderError(f"{path}: not a field: {text}")
        elif begin["name"] in fields:
            raise HeaderError(f"{path}: {begin['name']} stands there twice")
        else:
            name = begin["name"]
            fields[name] = begin["value"].strip()
    missing = [name for name in required if name not in fields]
    if missing:
        raise HeaderError(f"{path}: no {', '.join(missing)}")
    return fields


def _outcome(path: Path, text: str) -> Outcome:
    try:
        outcome = parse_outcome(text)
    except ValueError as error:
        raise HeaderError(f"{path}: Allowed: {error}") from error
    if outcome.verdict in LOST_VERDICTS or outcome.cause in LOST_CAUSES:
        raise HeaderError(f"{path}: Allowed: {text} is never allowed")
    return outcome


def _words(
    path: Path, fields: Mapping[str, str], name: str, known: frozenset[str]
) -> frozenset[str]:
    words = frozenset(re.split(r",? +", fields[name])) if name in fields else frozenset()
    if not words <= known:
        raise HeaderError(f"{path}: {name}: unknown: {', '.join(sorted(words - known))}")
    return words


def _requests(path: Path, fields: Mapping[str, str]) -> tuple[Mapping[str, Any], ...]:
    try:
        value = json.loads(fields.get("Request", "{}"))
    except json.JSONDecodeError as error:
        raise HeaderError(f"{path}: Request: {error}") from error
    requests = value if isinstance(value, list) else [value]
    if not requests or not all(isinstance(request, dict) for request in requests):
        raise HeaderError(f"{path}: Request: neither an object nor a list of them")
    return tuple(requests)


def _companions(path: Path, fields: Mapping[str, str]) -> tuple[str, ...]:
    names = tuple(fields.get("With", "").split())
    for name in names:
        if not (path.parent.parent / WITH / name).is_file():
            raise HeaderError(f"{path}: With: there is no {name}")
    return names


def _number(path: Path, fields: Mapping[str, str], name: str) -> float:
    if not re.fullmatch(r"[1-9]\d*", fields[name]):
        raise HeaderError(f"{path}: {name}: not a number: {fields[name]}")
    return float(fields[name])


def _pattern(path: Path, fields: Mapping[str, str]) -> re.Pattern[str] | None:
    if "Prints" not in fields:
        return None
    try:
        return re.compile(fields["Prints"], re.DOTALL)
    except re.error as error:
        raise HeaderError(f"{path}: Prints: {error}") from error
