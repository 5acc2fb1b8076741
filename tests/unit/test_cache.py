from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.jobs.compile_cache import (
    ARTEFACT_SHARE,
    OVERLAP_CHARACTERS,
    PIECE_CHARACTERS,
    CachedCompilation,
    CompileCache,
    cache_key,
    pieces,
)
from orchestrator.jobs.model import Limits, StageResult, Submission, Verdict
from orchestrator.jobs.plan import make_plan
from orchestrator.languages.model import InstalledLanguage
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import SourceFile
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings

REGISTRY = load_languages(DEFAULT_IMAGES_DIR, ("c", "cpp", "java", "python"))
CLEAN = StageResult(Verdict.ACCEPTED, stderr=b"warning", exit_code=0)
MIB = 1 << 20


def compiled(size: int) -> CachedCompilation:
    return CachedCompilation(CLEAN, b"x" * size)


def test_a_cached_compilation_is_returned_for_its_key() -> None:
    cache = CompileCache(MIB)
    assert cache.get(b"key") is None
    cache.put(b"key", compiled(100))
    assert cache.get(b"key") == compiled(100)
    assert cache.get(b"other") is None
    state = cache.stats()
    assert (state.entries, state.hits, state.misses, state.max_bytes) == (1, 1, 2, MIB)
    assert state.bytes == compiled(100).size > 100


def test_the_least_recently_used_entry_is_evicted_first() -> None:
    cache = CompileCache(40_000)
    for name in b"abc":
        cache.put(bytes([name]), compiled(2400))
    assert cache.get(b"a") is not None
    for name in range(12):
        cache.put(bytes([name]), compiled(2400))
    assert cache.get(b"b") is None
    assert cache.get(b"a") is not None
    assert cache.get(b"\x0b") is not None


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5000)), max_size=60))
def test_the_cache_is_bounded_by_bytes_and_reports_its_size(kept: list[tuple[int, int]]) -> None:
    cache = CompileCache(20_000)
    for key, size in kept:
        cache.put(bytes([key]), compiled(size))
    entries = cache._entries  # noqa: SLF001 - the truth its figures are held to
    state = cache.stats()
    assert state.bytes == sum(entry.size for entry in entries.values()) <= 20_000
    assert state.entries == len(entries)
    assert all(len(entry.artefact) <= 20_000 // ARTEFACT_SHARE for entry in entries.values())


def test_no_artefact_is_larger_than_the_agent_can_count() -> None:
    assert CompileCache(1 << 40).max_artefact_bytes == 2**32 - 1


def key_of(language: str = "c", owner: str = "key-1", **changes: Any) -> bytes | None:
    found = REGISTRY.find(language)
    assert found is not None
    digest = changes.pop("digest", "sha256:0")
    settings = make_settings(**changes.pop("settings", {}))
    limits = Limits(1000, 1000, changes.pop("memory_mb", found.limits.memory_mb), 100, 64)
    fields = {"files": (SourceFile(found.source.name, b"int main() {}"),)} | changes
    submission = Submission(language=language, limits=limits, **fields)
    installed = InstalledLanguage(found, "1", digest)
    return cache_key(owner, submission, make_plan("j", submission, installed, settings), installed)


def test_equal_compilations_have_equal_keys_whatever_their_run_limits() -> None:
    assert key_of() == key_of() is not None
    assert key_of() == key_of(stdin=b"other", args=("a",), env={"A": "b"}, memory_mb=64)


def test_an_interpreted_program_has_no_cache_key() -> None:
    assert key_of("python", files=(SourceFile("main.py", b"print()"),)) is None


FILES = (SourceFile("main.c", b"ab"), SourceFile("b.c", b"c"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"owner": "key-2"}, id="another API key"),
        pytest.param({"digest": "sha256:1"}, id="another image"),
        pytest.param({"settings": {"fast_toolchain": False}}, id="another command"),
        pytest.param({"settings": {"compile_cpu_ms": 9000}}, id="another limit"),
        pytest.param({"settings": {"max_output_size": 99}}, id="less output"),
        pytest.param({"memory_mb": 512}, id="more memory"),
        pytest.param({"compile_args": ("-g",)}, id="a flag"),
        pytest.param({"files": FILES[:1]}, id="a file less"),
        pytest.param({"files": FILES[::-1]}, id="another order"),
        pytest.param({"files": (FILES[0], replace(FILES[1], path="c.c"))}, id="another name"),
        pytest.param({"files": (FILES[0], replace(FILES[1], content=b"d"))}, id="other content"),
        pytest.param({"files": (SourceFile("main.c", b"a"), SourceFile("b.c", b"bc"))}, id="moved"),
    ],
)
def test_anything_that_bears_on_the_compilation_changes_the_cache_key(
    changes: dict[str, Any],
) -> None:
    assert key_of(files=FILES) != key_of(**({"files": FILES} | changes)) is not None


def test_no_part_of_a_file_is_mistaken_for_a_part_of_the_next() -> None:
    one = (SourceFile("main.c", b"x"), SourceFile("ya.h", b"z"))
    other = (SourceFile("main.c", b"xy"), SourceFile("a.h", b"z"))
    assert key_of(files=one) != key_of(files=other) is not None


HARMLESS = b"""
#include <stdio.h>
#include "mine.h"
#include <sys/types.h>
/* a guard, a date, and the time */
#define MAX(a, b) ((a) > (b) ? (a) : (b))
int main(void) { printf("%d", MAX(1, 2)); return 0; }
"""

FICKLE = [
    b"char d[] = __DATE__;",
    b"char d[] = __TIME__;",
    b"char d[] = __TIMESTAMP__;",
    b"#define CAT(a, b) a##b\nchar d[] = CAT(__DA, TE__);",
    b"%:define X",
    b"char d[] = __DA\\\nTE__;",
    b"char d[] = __DA\\ \r\nTE__;",
    b"??=include <stdio.h>",
    b'asm(".incbin \\"/dev/urandom\\"");',
    b'__asm__ volatile ("");',
    b'#include "/proc/self/stat"',
    b"#include </proc/self/stat>",
    b"#include/**/</proc/self/stat>",
    b'#include "../../proc/uptime"',
    b"#include <sys/../../../proc/uptime>",
    b"#/*\n*/include </proc/uptime>",
    b"#define F </proc/uptime>\n#include F",
    b'#pragma GCC  dependency "x"',
    b"#import </proc/uptime>",
    b"char d[] = __DA\\\f\nTE__;",
    b"char d[] = __DA\\\0\nTE__;",
]


def test_an_ordinary_program_is_cacheable() -> None:
    for language in ("c", "cpp"):
        assert key_of(language, files=(SourceFile("main.c", HARMLESS),)) is not None
    assert key_of("java", files=(SourceFile("Main.java", b"class Main { }"),)) is not None


PATIENCE_S = 5.0  # for what takes milliseconds where time is linear, and a minute where it is not


@pytest.mark.parametrize("language", ["c", "cpp", "java"])
@pytest.mark.parametrize(
    "piece",
    ["#", "# ", "include ", "#include ", "\\ ", "\\\t", "_", "#x" * 50, "include\n", "@", "-"],
)
@pytest.mark.timeout(PATIENCE_S)
def test_hostile_sources_are_searched_for_uncacheable_texts_in_linear_time(
    language: str, piece: str
) -> None:
    text = (piece * (100_000 // len(piece))).encode()
    key_of(language, files=(SourceFile("main", text), SourceFile("x", text + b"\n")))


@pytest.mark.parametrize("language", ["c", "cpp"])
@pytest.mark.parametrize("code", FICKLE)
def test_a_program_that_may_compile_differently_next_time_is_not_cacheable(
    language: str, code: bytes
) -> None:
    assert key_of(language, files=(SourceFile("main.c", code),)) is None
    files = (SourceFile("main.c", b""), SourceFile("other.h", b"\xff" + code))
    assert key_of(language, files=files) is None


@pytest.mark.parametrize(
    ("language", "argument"),
    [
        *(
            ("cpp", text)
            for text in ("-DX=__TIME__", "-fplugin=./x.so", "-wrapper", "-B.", "@file")
        ),
        *(
            ("cpp", text)
            for text in (
                "-include",
                "-I/proc",
                "-I",
                "-L",
                "--include=/proc/uptime",
                "-finput-charset=UTF-7",
                "-Wl,-T,x",
            )
        ),
        *(("java", text) for text in ("-processor", "--processor-path", "-J-Dx", "-Xplugin:x")),
    ],
)
def test_a_compilation_whose_arguments_load_other_files_is_not_cacheable(
    language: str, argument: str
) -> None:
    assert key_of(language, compile_args=(argument,)) is None


@pytest.mark.parametrize("argument", ["-Wall", "-O3", "-std=c++20", "-DLOCAL=1", "-g"])
def test_a_compilation_with_everyday_flags_is_cacheable(argument: str) -> None:
    assert key_of("cpp", compile_args=(argument,)) is not None


def test_sources_with_an_annotation_processor_are_not_cacheable() -> None:
    main = SourceFile("Main.java", b"class Main { }")
    for path in ("META-INF/services/javax.annotation.processing.Processor", "P.class", "p.jar"):
        assert key_of("java", files=(main, SourceFile(path, b"P"))) is None


@pytest.mark.parametrize("line", ["", "int a;\n" * 3, "x" * 99 + "\n", "y" * 5 * PIECE_CHARACTERS])
def test_a_large_text_is_searched_in_pieces_that_overlap(line: str) -> None:
    text = (line or "z\n") * (5 * PIECE_CHARACTERS // len(line or "z\n") + 1)
    found = list(pieces(text))
    assert max(map(len, found)) <= 2 * PIECE_CHARACTERS + 2 * OVERLAP_CHARACTERS
    for start in range(0, len(text) - OVERLAP_CHARACTERS, OVERLAP_CHARACTERS // 2):
        assert any(text[start : start + OVERLAP_CHARACTERS // 2] in piece for piece in found)
    marks = [PIECE_CHARACTERS - 3, PIECE_CHARACTERS, 2 * PIECE_CHARACTERS - 3, len(text) - 8]
    for at in marks:
        marked = text[:at] + "__DATE__" + text[at + 8 :]
        assert any("__DATE__" in piece for piece in pieces(marked))
    assert list(pieces("")) == []
