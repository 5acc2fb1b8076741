"""Commands and main file names, from anything a client may send."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from orchestrator.languages.model import (
    CommandRule,
    Language,
    LimitDefaults,
    MemoryErrorRule,
    SourceRule,
)
from orchestrator.languages.registry import load_languages
from orchestrator.languages.sources import (
    compile_argv,
    expand,
    main_class,
    main_file_name,
    normalise_source,
    run_argv,
    source_paths,
)
from orchestrator.settings.images import DEFAULT_IMAGES_DIR

(JAVA,) = load_languages(DEFAULT_IMAGES_DIR, ["java"])
# The most trusting rule there can be: any text at all may be the name.
ANYTHING = SourceRule("main.x", (".x",), re.compile("(?s)(.*)"), "{match}.x")
LANGUAGE = Language(
    id="x",
    name="X",
    folder=Path(),
    image_owner="x",
    aliases=(),
    version_command=("x",),
    source=ANYTHING,
    compile=CommandRule(("cc", "{compile_args}", "-o{main_class}", "{sources}")),
    run=CommandRule(("x", "--file={main}", "{main_class}", "{args}", "{}", "{ main }")),
    limits=LimitDefaults(64, 8),
    memory_error=MemoryErrorRule(),
)

words = st.text(max_size=8)
paths = st.builds(
    lambda parts, extension: "/".join(parts) + extension,
    st.lists(st.text("-@{}amin_.x", min_size=1, max_size=8), min_size=1, max_size=3),
    st.sampled_from(["", ".x", ".h"]),
)


def test_every_placeholder_is_filled_in() -> None:
    files = ["a/Main.x", "notes.txt", "b.x"]
    assert compile_argv(LANGUAGE, files, ["-g", "-O0"]) == (
        ("cc", "-g", "-O0", "-oa.Main", "a/Main.x", "b.x")
    )
    assert run_argv(LANGUAGE, files, ["1", ""], memory_mb=64) == (
        ("x", "--file=a/Main.x", "a.Main", "1", "", "{}", "{ main }")
    )


def test_fast_arguments_stand_where_they_are_told_or_not_at_all() -> None:
    rule = CommandRule(("{fast}", "x", "{args}"), fast=("-q", "{main}"))
    language = replace(LANGUAGE, compile=replace(rule, command=("cc", "{fast}")), run=rule)
    assert compile_argv(language, ["a.x"], []) == ("cc", "-q", "{main}")
    assert compile_argv(language, ["a.x"], [], fast=False) == ("cc",)
    assert run_argv(language, ["a.x"], ["1"], memory_mb=64) == ("-q", "{main}", "x", "1")
    assert run_argv(language, ["a.x"], ["1"], fast=False, memory_mb=64) == ("x", "1")


@pytest.mark.parametrize(("memory_mb", "stack"), [(16, 12), (256, 192), (512, 384), (4096, 1024)])
def test_a_runtime_that_has_to_be_told_of_its_stack_gets_most_of_the_memory(
    memory_mb: int, stack: int
) -> None:
    language = replace(LANGUAGE, run=CommandRule(("x", "-s{stack_mb}m", "{args}")))
    argv = run_argv(language, ["a.x"], ["{stack_mb}"], memory_mb=memory_mb)
    assert argv == ("x", f"-s{stack}m", "{stack_mb}")


def test_a_language_without_compile_has_no_compile_command() -> None:
    assert compile_argv(replace(LANGUAGE, compile=None), ["a.x"], ["-g"]) == ()


def test_a_main_file_that_is_no_source_is_not_compiled() -> None:
    assert compile_argv(LANGUAGE, ["a.h", "b.x"], []) == ("cc", "-oa", "b.x")


@pytest.mark.parametrize(
    ("main", "expected"),
    [("Main.java", "Main"), ("a/b/C.java", "a.b.C"), ("a.b/C", "a.b.C"), (".java", ".java")],
)
def test_a_path_becomes_the_name_of_its_java_class(main: str, expected: str) -> None:
    assert main_class(main) == expected


@pytest.mark.parametrize("name", ["-rf.x", "--help.x", "@options.x", "-/a.x"])
def test_a_name_never_becomes_an_option(name: str) -> None:
    assert expand(["{main}"], name, {}) == (f"./{name}",)
    assert source_paths(LANGUAGE, [name]) == (f"./{name}",)
    assert expand(["{main_class}"], name, {})[0].startswith("./")


def test_inserted_texts_are_not_expanded_again() -> None:
    assert expand(["{main}", "{args}"], "{args}", {"args": ["{main}"]}) == ("{args}", "{main}")


@given(files=st.lists(paths, min_size=1, max_size=5), args=st.lists(words))
def test_expanding_a_command_keeps_its_other_tokens(files: list[str], args: list[str]) -> None:
    sources = [path for path in files if path.endswith(".x")]
    compiled = compile_argv(LANGUAGE, files, args)
    assert len(compiled) == 2 + len(args) + len(sources)
    assert list(compiled[1 : 1 + len(args)]) == args
    given_files = compiled[2 + len(args) :]
    assert [path.removeprefix("./") for path in given_files] == [
        path.removeprefix("./") for path in sources
    ]
    assert not any(path.startswith(("-", "@")) for path in given_files)
    run = run_argv(LANGUAGE, files, args, memory_mb=64)
    assert len(run) == 5 + len(args)
    assert list(run[3 : 3 + len(args)]) == args
    assert not run[2].startswith(("-", "@"))


@given(st.text(st.characters(), max_size=300))
@example("..")
@example("a/b")
@example("\0")
@example("\ud800")
@example("ü" * 127)
def test_a_main_file_name_is_one_file_in_one_folder(code: str) -> None:
    for template in ("{match}.x", "{match}"):
        rule = replace(ANYTHING, name_template=template)
        name = main_file_name(replace(LANGUAGE, source=rule), code)
        assert not {"/", "\0"} & set(name)
        assert name not in {".", ".."}
        assert len(name.encode()) <= 255


def test_a_group_that_took_no_part_gives_the_plain_name() -> None:
    rule = SourceRule("main.x", (".x",), re.compile("a|(b)"), "{match}.x")
    assert main_file_name(replace(LANGUAGE, source=rule), "a") == "main.x"
    assert main_file_name(replace(LANGUAGE, source=SourceRule("m.x", (".x",))), "b") == "m.x"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("public class Solution {}", "Solution.java"),
        ("class Solution {}", "Main.java"),
        ("", "Main.java"),
        ("// public class No\npublic class Yes {}", "Yes.java"),
        ("/* public class No */ public class Yes {}", "Yes.java"),
        ('class A { String s = "public class No"; }\npublic final class Yes {}', "Yes.java"),
        ("public/**/class Yes {}", "Yes.java"),
        ("public class Größe$1 {}", "Größe$1.java"),
        ("/* public class Unfinished", "Main.java"),
        (f"public class {'A' * 300} {{}}", "Main.java"),
        ("class A {\npublic class No {}\n}\npublic class Yes {}", "Yes.java"),
        ("class A {\npublic static class No {}\n}", "Main.java"),
        ("class A { /* } */ public class No {} }", "Main.java"),
        ("public interface Shape {}\nclass Run {}", "Shape.java"),
        ("package a;\n@Deprecated public strictfp class Yes {}", "Yes.java"),
        ('@Names({"}", "{"}) public @interface Yes {}', "Yes.java"),
        ("  public enum Yes { A { public class No {} } }", "Yes.java"),
        ("} public record Yes(int x) {}", "Yes.java"),
        (r"\u0070ublic class \uu0059es {}", "Yes.java"),
        (r"class A { String s = \u0022}\u0022; }  public class Yes {}", "Yes.java"),
        (r'class A { String s = "\\u0022; public class No {}"; }', "Main.java"),
    ],
)
def test_java_is_named_after_its_public_class(code: str, expected: str) -> None:
    assert main_file_name(JAVA, code) == expected


def test_a_source_has_no_byte_order_mark_and_a_script_no_carriage_returns() -> None:
    marked = "\ufeff\ufeffa\r\nb\rc\n".encode()
    assert normalise_source(LANGUAGE, marked).decode() == "\ufeffa\r\nb\rc\n"
    script = replace(LANGUAGE, source=replace(ANYTHING, newlines="lf"))
    assert normalise_source(script, marked).decode() == "\ufeffa\nb\rc\n"
    assert normalise_source(script, b"\xfe\xff\r") == b"\xfe\xff\r"


# Openings without ends, and beginnings that all but match: each a chance to look at the rest again.
PIECES = [
    "/*",
    "/* ",
    "//",
    "/*/",
    '"',
    '"""',
    "'",
    '"\\',
    "\\",
    " ",
    "\n",
    "public ",
    "public\n",
    "class ",
]
PIECES += ["{", "}", "{}", "\\u", "\\u0041", "\\\\", "public class A{"]
PIECES += ["public @A(", "public @A() ", "@A(\n", "\npublic final ", "abstract\n", "public class 1"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("start", ["", "public ", "\npublic final"])
def test_java_names_take_linear_time(piece: str, start: str) -> None:
    code = (start + piece * 100_000)[:100_000]
    before = time.process_time()
    main_file_name(JAVA, code)
    # Linear takes some 10 ms, quadratic ten seconds and more: wide apart enough for any machine.
    assert time.process_time() - before < 2
