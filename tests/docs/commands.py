"""The commands that the docs tell a reader to type: found in the pages' text, run by nobody here.

A command is an indented block, a fenced block of a shell's, or a span of code that begins with a
program (`make test`). A span that is only a program's name, or has an ellipsis, is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PAGES = ("README.md", "CONTRIBUTING.md", "docs/*.md", "docs/howto/*.md", "docs/reference/*.md")
PAGES += ("docs/tutorials/*.md", "docs/explanation/*.md")
PAGES += ("clients/*/README.md", "bench/README.md")
SHELLS = {"sh", "bash", "console", "shell"}
PROGRAMS = {
    *("apt-get", "bash", "codebae-runner", "curl", "docker", "docker-compose", "fly", "flyctl"),
    *(
        "git",
        "make",
        "node",
        "npm",
        "npx",
        "pip",
        "pytest",
        "python",
        "python3",
        "sh",
        "sudo",
        "uv",
    ),
}
VENV, SCRIPTS = ".venv/bin/", ("./", "scripts/", ".ci/")

_FENCE = re.compile(r"^(`{3,})(\w*)\n(.*?)^\1$\n?", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?<=\n\n)((?: {4}.*\n|\n(?= {4}))+)")
_SPAN = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_VARIABLE = re.compile(r"[A-Z_]+=\S*$")


@dataclass(frozen=True, order=True)
class Command:
    """A command on a page; `text` as it stands there, of a span with its line ends as blanks."""

    page: str
    text: str


def pages(root: Path) -> list[str]:
    """The pages whose commands count, as paths from `root`."""
    return sorted(
        path.relative_to(root).as_posix() for pattern in PAGES for path in root.glob(pattern)
    )


def commands_on(page: str, text: str) -> Iterator[Command]:
    """Every command of a page, blocks first."""
    fenced = [(match[2], match[3]) for match in _FENCE.finditer(text)]
    yield from (Command(page, block.strip()) for kind, block in fenced if kind in SHELLS)
    text = _FENCE.sub("\n", text)
    for block in _INDENTED.findall(text):
        yield Command(page, "\n".join(line[4:] for line in block.splitlines()).strip())
    text = _INDENTED.sub("\n", text)
    for span in _SPAN.findall(text):
        words = " ".join(span.split())
        if is_command(words):
            yield Command(page, words)


def unnamed_fences(text: str) -> list[str]:
    """Fenced blocks that don't say what they are: a command among them would be overlooked."""
    return [match[3] for match in _FENCE.finditer(text) if not match[2]]


def is_command(span: str) -> bool:
    """Whether a span of code is something to be typed into a shell."""
    words = span.split(" ")
    while words and _VARIABLE.match(words[0]):
        words = words[1:]
    if not words or "…" in span:
        return False
    is_script = words[0].startswith(SCRIPTS) and not words[0].endswith("/")
    is_program = words[0] in PROGRAMS or words[0].startswith(VENV)
    return is_script or (is_program and len(words) > 1)
