"""What each language's runtime says when memory has run out, and what programs say of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.jobs.model import Verdict
from orchestrator.jobs.verdict import CapturedOutput, MemoryRule, judge_stage
from orchestrator.languages.model import MemoryErrorRule
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import StageKind
from tests.sandbox_support import make_report

LIMIT_KB = 256 * 1024
LITTLE_KB = 8 * 1024
IMAGES = Path(__file__).parents[2] / "images"
SIGNS: dict[str, MemoryErrorRule] = {
    language.id: language.memory_error for language in load_languages(IMAGES, ["all"])
}

PYTHON = 'Traceback (most recent call last):\n  File "main.py", line 1, in <module>\n    {}\n{}'
LAST_WORDS = [
    ("ada", "\nraised STORAGE_ERROR : s-memory.adb:104 explicit raise\n"),
    ("awk", "gawk: main.awk:4: fatal: str_wstr: cannot allocate 268435456 bytes of memory\n"),
    ("bash", "main.sh: xrealloc: cannot allocate 536870912 bytes\n"),
    ("bash", "main.sh: line 3: xrealloc: cannot allocate 536870912 bytes\n"),
    ("clojure", "Execution error (OutOfMemoryError) at java.util.Arrays/copyOf (Arrays.java:1).\n"),
    ("cpp", "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  bad\n"),
    ("csharp", "[ERROR] FATAL UNHANDLED EXCEPTION: System.OutOfMemoryException: Out of memory\n"),
    ("d", "core.exception.OutOfMemoryError@(0): Memory allocation failed\n"),
    ("elixir", '\neheap_alloc: Cannot allocate 936316448 bytes of memory (of type "heap").\n'),
    ("erlang", '\nbinary_alloc: Cannot reallocate 99 bytes of memory (of type "binary").\n'),
    ("fortran", "In file 'main.f90', around line 5: Error allocating 80000000000 bytes\n"),
    ("go", "runtime: out of memory: cannot allocate 99 bytes\nfatal error: out of memory\n"),
    ("haskell", "main: out of memory (requested 1099511627776 bytes)\n"),
    ("java", 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n\tat X\n'),
    ("java", "Error occurred during initialization of VM\nCould not reserve enough space for o\n"),
    ("javascript", "FATAL ERROR: Reached heap limit - JavaScript heap out of memory\n"),
    ("javascript", "main.js:1\n^\n\nRangeError: Array buffer allocation failed\n    at new X\n"),
    ("lisp", "Heap exhausted (no more space for allocation).\n"),
    ("lua", "lua5.4: not enough memory\n"),
    ("nim", "out of memory\n"),
    ("ocaml", "Fatal error: exception Out_of_memory\n"),
    ("pascal", "Runtime error 203 at $0000000000401136\n"),
    ("perl", "Out of memory in perl:util:safesysmalloc\n"),
    ("php", "PHP Fatal error:  Out of memory (allocated 2097152) (tried to allocate 99 bytes)\n"),
    ("prolog", "Warning: ... goal (main) raised exception: Stack limit (1.0Gb) exceeded\n"),
    ("pypy", PYTHON.format("x = bytearray(10**15)", "MemoryError\n")),
    ("python", PYTHON.format("x = bytearray(10**15)", "MemoryError\n")),
    ("python", PYTHON.format("x = numpy.zeros(9)", "MemoryError: Unable to allocate 9 GiB\n")),
    ("r", "Error: cannot allocate vector of size 74.5 Gb\nExecution halted\n"),
    ("ruby", "main.rb:1:in `*': failed to allocate memory (NoMemoryError)\n"),
    ("rust", "memory allocation of 1099511627776 bytes failed\n"),
    ("scheme", "Too many heap sections: Increase MAXHINCR\n"),
    ("typescript", "FATAL ERROR: invalid table size Allocation failed - heap out of memory\n"),
]
MENTIONS = [
    ("ada", "main: STORAGE_ERROR was handled\n"),
    ("clojure", "I have seen java.lang.OutOfMemoryError before\n"),
    ("cpp", "error: terminate called after throwing an instance of 'std::bad_alloc' once\n"),
    ("csharp", "caught System.OutOfMemoryException\n"),
    ("d", "handled core.exception.OutOfMemoryError\n"),
    ("java", "java.lang.OutOfMemoryError is an Error, not an Exception\n"),
    ("java", 'Exception in thread "main" java.lang.IllegalStateException: OutOfMemoryError\n'),
    ("java", 'Exception in thread "m" java.lang.OutOfMemoryError: unable to create a thread\n'),
    ("javascript", "Error: the log says JavaScript heap out of memory\n"),
    ("lua", "lua5.4: main.lua:1: not enough memory for me\n"),
    ("ocaml", "Out_of_memory is an exception\n"),
    ("php", "Fatal error: Uncaught Exception: Out of memory\n"),
    ("python", "MemoryError is a builtin exception\n"),
    ("python", "MemoryError\n"),
    ("python", PYTHON.format("raise ValueError('MemoryError')", "ValueError: MemoryError\n")),
    ("python", PYTHON.format("x", "MemoryError\n") + "\nDuring handling\nKeyError: 1\n"),
    ("pypy", "MemoryError: what is that?\n"),
    ("ruby", "what does (NoMemoryError) mean?\n"),
    ("rust", "thread 'main' panicked at 'memory allocation of 1 bytes failed'\n"),
]


def verdict(language: str, said: str, peak_kb: int, exit_code: int = 1) -> Verdict:
    report = make_report(exit_code=exit_code, memory_kb=peak_kb)
    rule = MemoryRule(LIMIT_KB, SIGNS[language])
    return judge_stage(StageKind.RUN, report, CapturedOutput(b"", said.encode()), rule).status


def test_every_language_with_a_sign_of_its_own_is_looked_at() -> None:
    told = {language for language, _ in LAST_WORDS}
    assert told == {language for language, signs in SIGNS.items() if signs.uncaught} - {
        "cpp20",
        "cpp23",
    }


@pytest.mark.parametrize(("language", "said"), LAST_WORDS)
def test_a_runtime_s_last_words_count_however_little_it_had_been_given(
    language: str, said: str
) -> None:
    assert verdict(language, said, LITTLE_KB) is Verdict.MEMORY_LIMIT


@pytest.mark.parametrize(("language", "said"), MENTIONS)
def test_a_memory_error_text_of_a_small_program_does_not_count(language: str, said: str) -> None:
    assert verdict(language, said, LITTLE_KB) is Verdict.RUNTIME_ERROR


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("java", 'Exception in thread "main" X\nCaused by: java.lang.OutOfMemoryError: Java\n'),
        ("cpp", "terminate called after throwing an instance of 'std::bad_alloc'\n"),
        ("javascript", "Error: JavaScript heap out of memory\n"),
    ],
)
def test_a_memory_error_text_of_a_large_program_counts(language: str, said: str) -> None:
    assert verdict(language, said, LIMIT_KB // 2) is Verdict.MEMORY_LIMIT


def test_an_exit_code_alone_is_no_sign() -> None:
    assert verdict("pascal", "", LITTLE_KB, exit_code=203) is Verdict.RUNTIME_ERROR
    assert verdict("pascal", "", LIMIT_KB // 2, exit_code=203) is Verdict.MEMORY_LIMIT
