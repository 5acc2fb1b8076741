"""Every command of the docs is classified; `tests/docs/test_commands.py` runs them."""

from __future__ import annotations

import re

import pytest

from tests.checkout import ROOT
from tests.docs import stubs
from tests.docs.classified import COMMANDS, ON_A_PAGE, Elsewhere, how
from tests.docs.commands import Command, commands_on, is_command, pages, unnamed_fences

ALL = [each for page in pages(ROOT) for each in commands_on(page, (ROOT / page).read_text())]

PAGE = """# A page

Run `make all`, or `X=1 make
one`; `make` is a program and `scripts/` a folder, `run FILE…` and `POST /execute` are neither.

    first line
        deeper

    after a blank line

- a list
    is not a block

```sh
in a fence
```
```json
{"make": 1}
```
"""


def test_every_command_is_classified() -> None:
    assert sorted({each for each in ALL if how(each) is None}) == []


def test_what_is_classified_is_on_a_page() -> None:
    texts = {each.text for each in ALL if each not in ON_A_PAGE}
    assert COMMANDS.keys() - texts == set()
    assert ON_A_PAGE.keys() - set(ALL) == set()


def test_what_is_run_elsewhere_is_run_there() -> None:
    for each in {*ALL}:
        place = how(each)
        if isinstance(place, Elsewhere):
            text = (ROOT / place.where).read_text()
            assert re.search(place.says, text), (each, place.where, place.says)


def test_every_target_of_make_is_one() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {word for each in ALL for word in re.findall(r"\bmake ([a-z0-9-]+)", each.text)}
    assert {"run", "test", "dist"} <= named
    assert named <= targets


def test_every_fenced_block_says_what_it_is() -> None:
    assert {page: found for page in pages(ROOT) if (found := unnamed(page))} == {}


def unnamed(page: str) -> list[str]:
    return unnamed_fences((ROOT / page).read_text())


def test_the_pages_are_those_a_reader_follows() -> None:
    assert {"README.md", "CONTRIBUTING.md", "docs/howto/operate.md", "clients/js/README.md"} <= {
        *pages(ROOT)
    }


def test_commands_are_blocks_fences_of_a_shell_and_spans_that_begin_with_a_program() -> None:
    assert [each.text for each in commands_on("p.md", PAGE)] == [
        "in a fence",
        "first line\n    deeper\n\nafter a blank line",
        "make all",
        "X=1 make one",
    ]
    assert {each.page for each in commands_on("p.md", PAGE)} == {"p.md"}


def test_a_fence_without_a_name_is_found() -> None:
    assert unnamed_fences("```\nmake\n```\n\n```sh\nmake\n```\n") == ["make\n"]


@pytest.mark.parametrize(
    ("span", "expected"),
    [
        ("npm pack", True),
        ("./deploy.sh", True),
        ("A_KEY=$X make run", True),
        (".venv/bin/codebae-runner --help", True),
        ("npm", False),
        (".venv/bin/codebae-runner", False),
        ("scripts/", False),
        ("make …", False),
        ("KEY=1", False),
        ("GET /health", False),
        ("languages rebuild", False),
        ("makefile x", False),
    ],
)
def test_a_command_is_told_from_other_code(span: str, expected: bool) -> None:  # noqa: FBT001
    assert is_command(span) is expected
    assert (Command("p", span) in [*commands_on("p", f"See `{span}`.")]) is expected


@pytest.mark.parametrize(
    "call",
    [
        "docker compose up --build nobody",
        "docker compose up --biuld",
        "docker tag codebae-runner/cobol:current registry.example/codebae-runner/cobol:current",
        "docker tag codebae-runner/cpp:current registry.example/cpp:current",
        "docker push registry.example/codebae-runner/nothing:current",
        "flyctl secrets set IMAGE_REGISTER=registry.example",
        "uv pip compile --generate-hashes no-such.toml --output-file requirements.txt",
        "uv pip compile pyproject.toml --output-file requirements.txt",
        "npx vercel",
    ],
)
def test_a_stub_refuses_what_the_real_program_would_not_do(call: str) -> None:
    with pytest.raises(AssertionError):
        stubs.check(call.split())
