"""What is to be spoilt, one piece of text at a time: `mutations.toml`."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).with_name("mutations.toml")
AGENT = "images/_agent/"


@dataclass(frozen=True, slots=True)
class Mutation:
    """`new` in place of `old`, which the file has once.

    `tests`: arguments for pytest, what is likely to notice where no unit test does.
    `on_second_engine`: what it does to an engine is not for one that others use.
    """

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = ()
    on_second_engine: bool = False

    @property
    def is_of_the_agent(self) -> bool:
        """Whether images have to be built to try it."""
        return self.file.startswith(AGENT)

    def spoil(self, text: str) -> str:
        """The file's text with it. Raises ValueError where it does not apply."""
        found = text.count(self.old)
        if found != 1:
            raise ValueError(f"{self.name}: {self.file} has its old text {found} times")
        return text.replace(self.old, self.new)

    def lines(self, text: str) -> range:
        """The numbers of the lines of the file's `text` that are changed; at least one."""
        first = text[: text.index(self.old)].count("\n") + 1
        old, new = self.old.split("\n"), self.new.split("\n")
        start = _common(old, new)
        end = len(old) - _common(old[start:][::-1], new[start:][::-1])
        if end <= start:  # nothing but more lines: that before them is reached as they are
            start, end = max(start - 1, 0), max(start, 1)
        return range(first + start, first + end)


def _common(one: list[str], other: list[str]) -> int:
    """How many lines both begin with."""
    same = [mine == theirs for mine, theirs in zip(one, other, strict=False)]
    return [*same, False].index(False)


def function_around(text: str, lines: range) -> range:
    """The body of the innermost function that has all these lines; empty: it is no function's."""
    found = range(0)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = range(node.body[0].lineno, (node.end_lineno or 0) + 1)
            if lines[0] in body and lines[-1] in body and (not found or len(body) < len(found)):
                found = body
    return found


def load(path: Path = LIST) -> tuple[Mutation, ...]:
    """All of them, in the order they are written in."""
    entries = tomllib.loads(path.read_text("utf-8"))["mutation"]
    return tuple(Mutation(**each | {"tests": tuple(each.get("tests", ()))}) for each in entries)
