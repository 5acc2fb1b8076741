"""The samples that every language has: known by their names, with what goes in and comes out.

docs/reference/language-toml.md describes them for those who write one. A `language.toml` says only
what is otherwise.
"""

from __future__ import annotations

from orchestrator.languages.schema import SampleLimitsTable, SampleTable

_ECHOED = "first line\n\n  third line: Grüße ☃ 🚀\nno newline at the end"
_WORDS = "the quick brown fox jumps over the lazy dog the end\n"
_COUNTS = (
    "the 3\nbrown 1\ndog 1\nend 1\nfox 1\njumps 1\nlazy 1\nover 1\nquick 1\n"
    "9 words, mean length 3.89\n"
)
_NUMBERS = "".join(f"{number}\n" for number in range(1, 15_001))

CONVENTIONS: dict[str, SampleTable] = {
    "hello": SampleTable(stdout="Hello, World!\n"),
    "echo": SampleTable(input=_ECHOED, stdout=f"{_ECHOED}\n"),
    "unicode": SampleTable(stdout="Grüße, Жизнь, 世界 ☃ 🚀\n"),
    "word_count": SampleTable(input=_WORDS, stdout=_COUNTS),
    "files": SampleTable(stdout="Hello, files!\n"),
    "big_output": SampleTable(stdout=_NUMBERS),
    "workers": SampleTable(stdout="4 workers: 499999500000\n"),
    "compile_error": SampleTable(status="compile_error"),
    "syntax_error": SampleTable(status="runtime_error"),
    "runtime_error": SampleTable(status="runtime_error", exit_code=3),
    "time_limit": SampleTable(status="time_limit", limits=SampleLimitsTable(cpu_ms=500)),
    "memory_limit": SampleTable(status="memory_limit"),
    "output_limit": SampleTable(status="output_limit", limits=SampleLimitsTable(output_kb=64)),
}
"""By the sample's name: its file's without the extension, or its folder's."""


def expected_names(*, compiled: bool) -> tuple[str, ...]:
    """Those that a language should have: one without a compiler finds its mistakes as it runs."""
    unfit = "syntax_error" if compiled else "compile_error"
    return tuple(name for name in CONVENTIONS if name != unfit)
