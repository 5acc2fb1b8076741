"""docs/howto/troubleshooting.md against the code: log events and messages have an entry each."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from orchestrator.sandbox.probes import PROBES, START_CHECK
from tests.checkout import ROOT

PAGE = (ROOT / "docs" / "howto" / "troubleshooting.md").read_text()
SPANS = re.findall(r"`([^`\n]+)`", PAGE)
CODE = sorted((ROOT / "orchestrator").rglob("*.py"))
LOGGED = {"debug", "info", "warning", "error", "exception"}
ERRORS = re.compile(
    r"(Configuration|StateInUse|Engine\w*|DiskSpace|ContainerNotFound|Sandbox|NotPrepared|Protocol"
    r"|StreamEnded|UnknownLanguage|BusyLanguage|NoPreviousImage|Rebuild|Remote)Error"
)
ELSEWHERE = {
    "access/key_file.py": "a line of KEYS_FILE, which the message names",
    "cli/key_file.py": "what `keys new` and `keys revoke` were given, which the message names",
    "languages/definition.py": "a key of a language.toml, which the message names",
    "languages/samples.py": "a sample, which the message names",
}
"""Modules whose messages say all there is to say, with one entry for all of them."""
MISSING = "…"


def text_of(node: ast.expr | None) -> str | None:
    """A text as the page has it: an ellipsis for what is put in; None for what is no text."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(text_of(each) or MISSING for each in values)
        case ast.FormattedValue():
            return MISSING
    return None


@cache
def calls() -> tuple[tuple[str, bool, ast.Call], ...]:
    """Every call: its file, whether it is raised, and itself."""
    found = []
    for path in CODE:
        name = path.relative_to(ROOT / "orchestrator").as_posix()
        tree = ast.parse(path.read_text())
        raised = {id(node.exc) for node in ast.walk(tree) if isinstance(node, ast.Raise)}
        found += [
            (name, id(node) in raised, node)
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
        ]
    return tuple(found)


def messages() -> Iterator[tuple[str, str]]:
    """Every text that an exception for operators is raised with, and where."""
    for path, is_raised, call in calls():
        name = call.func.id if isinstance(call.func, ast.Name) else ""
        text = text_of(call.args[0]) if call.args else None
        if is_raised and ERRORS.fullmatch(name) and text is not None and path not in ELSEWHERE:
            yield path, text


def events() -> Iterator[str]:
    """The name of every log event."""
    for _, _, call in calls():
        match call:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log"), attr=level),
                args=[ast.Constant(value=str(event)), *_],
            ) if level in LOGGED:
                yield event


def is_told(text: str) -> bool:
    """Whether a span of the page is this text; either may leave parts of it out."""
    pieces = [piece for piece in re.split(rf"{MISSING}+", text) if re.search(r"\w{2}", piece)]
    return not pieces or any(covers(span, text) or covers(text, span) for span in SPANS)


def covers(span: str, text: str) -> bool:
    """Whether a text with ellipses is the other one."""
    told = [re.escape(piece) for piece in re.split(rf"{MISSING}+", span)]
    return len("".join(told)) > 3 and re.fullmatch(".*?".join(told), text, re.DOTALL) is not None


@pytest.mark.parametrize("event", sorted(set(events())))
def test_every_log_event_has_an_entry(event: str) -> None:
    assert event in SPANS


@pytest.mark.parametrize(("path", "text"), sorted(set(messages())))
def test_every_message_for_operators_has_an_entry(path: str, text: str) -> None:
    assert is_told(text), f"{path}: no entry for {text!r}"


def test_every_check_of_the_self_test_has_an_entry() -> None:
    assert {START_CHECK, *(probe.name for probe in PROBES)} <= set(SPANS)


def test_modules_that_are_left_out_are_there() -> None:
    assert [name for name in ELSEWHERE if not (ROOT / "orchestrator" / name).is_file()] == []


def test_the_code_is_looked_through() -> None:
    assert len(set(events())) > 40
    assert len(set(messages())) > 50


def test_an_entry_is_told_from_none() -> None:
    assert covers("no image for …: …", "no image for …: `make images` builds what is missing")
    assert not covers("…: …", "a: b")
    assert not covers("no image for …", "another text")
