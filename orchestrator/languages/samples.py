"""Reads the samples of a language folder into memory, with the expected result of each.

Most are conventional: every language has them, and their names imply input and expected result
(docs/reference/language-toml.md). A `language.toml` only states what differs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.languages.definition import BYTECODE, TOML_NAME, file_in
from orchestrator.languages.model import Language, Sample, SampleFile, SampleLimits
from orchestrator.languages.schema import SampleLimitsTable, SampleTable, dotted_key
from orchestrator.languages.sources import main_file_name

HELLO = "hello"

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
"""The conventional samples, by name: that of the file without its extension, or of the folder."""


def expected_names(*, compiled: bool) -> tuple[str, ...]:
    """Return the conventional samples that a language should have.

    A syntax error is a `compile_error` in a compiled language, a `runtime_error` in another.
    """
    unfit = "syntax_error" if compiled else "compile_error"
    return tuple(name for name in CONVENTIONS if name != unfit)


@dataclass(frozen=True, slots=True)
class _SampleFolder:
    """The folder of a language's samples, and their table in `language.toml` (under `key`)."""

    language: Language
    path: Path
    key: str
    tables: Mapping[str, SampleTable]

    def error(self, name: str, text: str) -> ConfigurationError:
        """Return the error for what is wrong with the sample `name`."""
        where = file_in(self.language.folder, TOML_NAME)
        return ConfigurationError(f"{where}: {self.key}.{dotted_key(name)}: {text}")


def read_samples(
    languages: Sequence[Language], tables: Sequence[Mapping[str, SampleTable]]
) -> tuple[Sample, ...]:
    """Read the samples of a folder's languages; `tables`: the `[samples]` of each.

    `languages`: the folder's own first. A variant has the samples in the subfolder of its name, and
    shares the folder's `hello` unless it has its own. Raises ConfigurationError, which names file
    and key.
    """
    own, *variants = languages
    root = own.folder / "samples"
    variant_ids = {variant.id for variant in variants}
    samples = list(_read_folder(_SampleFolder(own, root, "samples", tables[0]), variant_ids))
    hello = next((sample for sample in samples if sample.name == HELLO and sample.stdout), None)
    if hello is None:
        where = file_in(own.folder, TOML_NAME)
        raise ConfigurationError(f"{where}: samples: there is no hello with a stdout")
    for variant, table in zip(variants, tables[1:], strict=True):
        folder = _SampleFolder(variant, root / variant.id, f"variants.{variant.id}.samples", table)
        theirs = list(_read_folder(folder, set()))
        if all(sample.name != HELLO for sample in theirs):
            samples.append(replace(hello, language=variant.id))
        samples += theirs
    return tuple(samples)


def _read_folder(folder: _SampleFolder, not_samples: set[str]) -> Iterator[Sample]:
    """Yield the samples, conventional ones first. `not_samples`: subfolders to ignore."""
    found: dict[str, Path] = {}
    for path in _entries(folder.path):
        name = path.name if path.is_dir() else path.stem
        if path.is_dir() and name in not_samples:
            continue
        if name in found:
            raise folder.error(name, f"is both {found[name].name} and {path.name}")
        if name not in CONVENTIONS and name not in folder.tables:
            raise folder.error(name, f"samples/{path.name} is there, but not what comes of it")
        found[name] = path
    for name in dict.fromkeys((*CONVENTIONS, *folder.tables)):
        table = folder.tables.get(name)
        if table is not None and table.absent is not None:
            if name in found or name not in CONVENTIONS:
                raise folder.error(name, "is said to be absent, but is there or needed by nobody")
        elif name in found:
            yield _to_sample(folder, name, _expectation(name, table), found[name])
        elif table is not None:
            raise folder.error(name, "there is no file or folder of that name in samples/")


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(each for each in folder.iterdir() if each.name != BYTECODE)
    except FileNotFoundError:
        return []


def _expectation(name: str, table: SampleTable | None) -> SampleTable:
    """Return the expectation of the convention, overridden by what the table states."""
    usual = CONVENTIONS.get(name, SampleTable())
    if table is None:
        return usual
    return usual.model_copy(update={key: getattr(table, key) for key in table.model_fields_set})


def _to_sample(folder: _SampleFolder, name: str, table: SampleTable, path: Path) -> Sample:
    return Sample(
        language=folder.language.id,
        name=name,
        files=_read_files(folder, name, path),
        status=table.status,
        input=table.input,
        stdout=table.stdout,
        exit_code=table.exit_code,
        limits=SampleLimits(**table.limits.model_dump()),
    )


def _read_files(folder: _SampleFolder, name: str, path: Path) -> tuple[SampleFile, ...]:
    """Read a file as a client would send `code`, a folder as `files` (the main one first)."""
    rule = folder.language.source
    if path.is_file():
        if not path.name.endswith(rule.extensions):
            raise folder.error(name, f"samples/{path.name} ends in none of the extensions")
        content = path.read_bytes()
        code = content.decode("utf-8", "replace")
        return (SampleFile(main_file_name(folder.language, code), content),)
    files = {
        file.relative_to(path).as_posix(): file.read_bytes()
        for file in sorted(path.rglob("*"))
        if file.is_file() and BYTECODE not in file.parts
    }
    mains = [rule.name, *(f"main{extension}" for extension in rule.extensions)]
    main = next((each for each in mains if each in files), None)
    if main is None:
        raise folder.error(name, f"there is no {rule.name} in samples/{path.name}/")
    order = [main, *(each for each in files if each != main)]
    return tuple(SampleFile(each, files[each]) for each in order)
