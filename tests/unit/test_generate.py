"""What follows from the models of answers: the clients' types and the docs' tables."""

from __future__ import annotations

import ast
import re
import shutil
from pathlib import Path
from typing import Annotated, Literal

import pytest
from pydantic import Field

from generate import python_types, typescript
from generate.__main__ import main
from generate.files import expected
from generate.shapes import Shape, merged, read_shapes
from generate.tables import Docs
from orchestrator.api.answers.models.base import Newer, Shown
from tests.checkout import ROOT


class Part(Shown):
    """A part."""

    line: int
    """Its [line](b.md#lines), from 1."""


class Whole(Shown):
    """A whole.

    With `more | less`.
    """

    word: Literal["a", "b"] | None
    """One of two words, as in `a b`."""
    parts: list[Part] | None
    """Its parts, or \\n nothing."""
    dialects: Annotated[dict[str, list[str]], Newer()]
    from_: str = Field(alias="from")


class Wider(Whole):
    """It has another field."""

    number: float
    """How much, s."""


class Narrower(Whole):
    """It always has parts."""

    parts: list[Part]
    """Its parts."""


@pytest.fixture
def shapes() -> dict[str, Shape]:
    return read_shapes([Part, Whole, Wider, Narrower])


def test_every_generated_file_is_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, capsys.readouterr().out


def test_a_stale_file_is_named_and_then_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("generate.__main__.ROOT", tmp_path)
    shutil.copytree(ROOT / "docs/reference", tmp_path / "docs/reference")
    for path, text in expected(ROOT).items():
        copy = tmp_path / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(text)
    assert main(["--check"]) == 0
    types = tmp_path / "clients/js/src/wire.ts"
    types.write_text("old")
    page_of_http = tmp_path / "docs/reference/http.md"
    page_of_http.write_text(page_of_http.read_text().replace("| `success` | bool |", "| old |"))
    assert main(["--check"]) == 1
    assert types.read_text() == "old"
    named = [line.partition(":")[0] for line in capsys.readouterr().out.splitlines()]
    assert named == ["clients/js/src/wire.ts", "docs/reference/http.md"]
    assert main([]) == 0
    assert main(["--check"]) == 0
    assert types.read_text() == (ROOT / "clients/js/src/wire.ts").read_text()


def test_every_generated_file_says_by_what_it_was_made() -> None:
    files = expected(ROOT)
    assert {path.suffix for path in files} == {".py", ".ts", ".md"}
    for path, text in files.items():
        head = text if path.suffix == ".md" else "\n".join(text.splitlines()[:5])
        assert "make generate" in head


def test_a_python_type_has_the_fields_their_types_and_their_meaning(
    shapes: dict[str, Shape],
) -> None:
    printed = python_types.print_shape(shapes["Part"], shapes)
    assert printed == (
        'class Part(TypedDict):\n    """A part."""\n    line: int\n    """Its line, from 1."""'
    )
    whole = python_types.print_shape(shapes["Whole"], shapes)
    assert '"word": Literal["a", "b"] | None' in whole.replace("'", '"')
    assert "list[Part] | None" in whole


def test_what_is_printed_in_python_may_hold_backslashes(shapes: dict[str, Shape]) -> None:
    plain = Shape("Plain", "Text.", shapes["Whole"].fields[:3])
    printed = python_types.print_shape(plain, shapes)
    assert "dialects: NotRequired[dict[str, list[str]]]" in printed
    assert r"nothing" in ast.literal_eval(re.findall(r'"""Its parts.*?"""', printed)[0])
    assert "\\n" in ast.literal_eval(re.findall(r'"""Its parts.*?"""', printed)[0])


def test_a_python_type_with_a_narrower_field_has_all_fields_itself(
    shapes: dict[str, Shape],
) -> None:
    narrow = Shape("N", "Text.", shapes["Narrower"].fields[:3], base="Whole", is_narrower=True)
    printed = python_types.print_shape(narrow, shapes)
    assert printed.startswith("class N(TypedDict):")
    assert "word:" in printed
    assert "parts: list[Part]\n" in printed
    wide = python_types.print_shape(shapes["Wider"], shapes)
    assert wide.startswith("class Wider(Whole):")
    assert "word:" not in wide


def test_a_type_of_typescript_has_the_fields_their_types_and_their_meaning(
    shapes: dict[str, Shape],
) -> None:
    assert typescript.print_shape(shapes["Whole"], shapes) == (
        "/** A whole. With `more | less`. */\n"
        "export interface Whole {\n"
        "  /** One of two words, as in `a b`. */\n"
        '  word: "a" | "b" | null;\n'
        "  /** Its parts, or \\n nothing. */\n"
        "  parts: Part[] | null;\n"
        "  dialects?: Record<string, string[]>;\n"
        "  from: string;\n"
        "}"
    )
    assert typescript.print_shape(shapes["Narrower"], shapes) == (
        "/** It always has parts. */\n"
        "export interface Narrower extends Whole {\n"
        "  /** Its parts. */\n"
        "  parts: Part[];\n"
        "}"
    )


def test_what_only_one_of_two_objects_has_is_optional_in_both(shapes: dict[str, Shape]) -> None:
    both = merged("Both", "Either.", shapes["Wider"], shapes["Whole"])
    optional = {field.key for field in both.fields if field.is_optional}
    assert optional == {"number"}
    assert [field.key for field in both.fields][-1] == "number"


def page(*parts: str) -> str:
    return "".join(
        f"<!-- begin make generate: {part} -->\nold\n<!-- end make generate -->\n" for part in parts
    )


def test_a_table_has_a_row_for_each_field_and_for_those_of_an_object_without_a_table(
    shapes: dict[str, Shape],
) -> None:
    path = Path("docs/a.md")
    pages = {path: page("Whole"), Path("docs/more/b.md"): "# Lines\n"}
    assert Docs(pages, shapes, {}).filled() == {
        path: "<!-- begin make generate: Whole -->\n\n"
        "| field | type | meaning |\n"
        "| --- | --- | --- |\n"
        "| `word` | `a`, `b` or null | One of two words, as in `a b`. |\n"
        "| `parts` | list of objects or null | Its parts, or \\n nothing. |\n"
        "| `parts[].line` | int | Its [line](more/b.md#lines), from 1. |\n"
        "| `dialects` | object of lists of strings | |\n"
        "| `from` | string | |\n\n"
        "<!-- end make generate -->\n"
    }


def test_an_object_with_a_table_of_its_own_is_told_of_there_alone(
    shapes: dict[str, Shape],
) -> None:
    path = Path("docs/b.md")
    filled = Docs({path: page("Whole", "Part", "Wider beside Whole")}, shapes, {}).filled()[path]
    assert "parts[]" not in filled
    assert "| `line` | int | Its [line](#lines), from 1. |" in filled
    assert filled.count("| `word` |") == 1
    assert "| `number` | number | How much, s. |" in filled


def test_a_page_without_such_tables_is_left_alone(shapes: dict[str, Shape]) -> None:
    assert Docs({Path("docs/a.md"): "old"}, shapes, {}).filled() == {}


def test_a_link_to_a_page_that_is_not_there_is_refused(shapes: dict[str, Shape]) -> None:
    with pytest.raises(LookupError, match=r"leads to b\.md"):
        Docs({Path("docs/a.md"): page("Part")}, shapes, {}).filled()
