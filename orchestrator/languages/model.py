"""A language as data: the contents of its `language.toml`, validated and frozen."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

LABEL_LANGUAGE = "codebae.language"
LABEL_VERSION = "codebae.version"
LABEL_SOURCE = "codebae.source"


@dataclass(frozen=True, slots=True)
class SourceRule:
    """How a main file sent without a name is named, and which files are sources.

    `name_from`: a pattern with one group, searched in the code once the matches of `ignore`, and
    what is between the two characters of `blocks`, have been blanked out. If it matches, the name
    is `name_template` with the group for `{match}`, otherwise `name`. `unicode_escapes`: decode
    Java's first. `newlines` "lf": the CR of each CRLF is removed before the tools see a source.
    """

    name: str
    extensions: tuple[str, ...]
    name_from: re.Pattern[str] | None = None
    name_template: str | None = None
    ignore: re.Pattern[str] | None = None
    blocks: str | None = None
    unicode_escapes: bool = False
    newlines: str | None = None


@dataclass(frozen=True, slots=True)
class CommandRule:
    """A command with placeholders, and the environment added to the common one.

    `fast`: the arguments for `{fast}`, which make the command quicker and change nothing else.
    """

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    fast: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitDefaults:
    """The default limits of a job of this language."""

    memory_mb: int
    processes: int


@dataclass(frozen=True, slots=True)
class ServerRule:
    """The compile server: a compiler started before its job is known; idle it takes `memory_mb`."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    memory_mb: int


@dataclass(frozen=True, slots=True)
class PoolRule:
    """The number of pooled sandboxes, and what each takes in MiB (without its compile server)."""

    size: int = 0
    memory_mb: int = 12


@dataclass(frozen=True, slots=True)
class MemoryErrorRule:
    """How a run shows that it met its memory limit when it was not OOM-killed.

    `uncaught`, a pattern of the runtime's own final message, counts by itself; exit codes and
    `stderr` count only together with a high peak.
    """

    exit_codes: frozenset[int] = frozenset()
    stderr: re.Pattern[str] | None = None
    uncaught: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class SampleFile:
    """One file of a sample: its path in the job, and its bytes."""

    path: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class SampleLimits:
    """The limits of a sample; None: those that its runner uses for all samples."""

    wall_ms: int | None = None
    cpu_ms: int | None = None
    memory_mb: int | None = None
    output_kb: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample program of a language, and its expected result.

    `language`: the language's id; `name`: unique within it. `files`: the main one first. `stdout`
    and `exit_code` None: not checked.
    """

    language: str
    name: str
    files: tuple[SampleFile, ...]
    status: str = "accepted"
    input: str = field(default="", repr=False)
    stdout: str | None = field(default=None, repr=False)
    exit_code: int | None = None
    limits: SampleLimits = SampleLimits()


@dataclass(frozen=True, slots=True)
class Language:
    """A language that programs can be sent in: a folder's own, or a variant on the same image.

    `image_owner`: the folder's id, which for all but a variant is also `id`. `compile` None: an
    interpreted language.
    """

    id: str
    name: str
    folder: Path
    image_owner: str
    aliases: tuple[str, ...]
    version_command: tuple[str, ...]
    source: SourceRule
    compile: CommandRule | None
    run: CommandRule
    limits: LimitDefaults
    memory_error: MemoryErrorRule
    pool: PoolRule = PoolRule()
    server: ServerRule | None = None
    uncaught: re.Pattern[str] | None = None
    """The pattern of an uncaught exception on stderr."""
    dialects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The compiler arguments of each alias (in lower case) that stands for some: `c++20`, say."""
    uncacheable: re.Pattern[str] | None = None
    """The pattern of a text, in a file or an argument, that makes a compilation uncacheable."""

    @property
    def image(self) -> str:
        """The tag of the image that jobs run on; a promotion moves it."""
        return f"codebae-runner/{self.image_owner}:current"

    def compile_args(self, name: str) -> tuple[str, ...]:
        """Return the compiler arguments that this alias implies."""
        return self.dialects.get(name.lower(), ())


@dataclass(frozen=True, slots=True)
class LanguageFolder:
    """A folder `images/<id>/`: one image and the languages that run on it, its own first.

    `toml`: the text of its `language.toml`. `samples`: those of all its languages.
    """

    id: str
    path: Path
    toml: str = field(repr=False)
    languages: tuple[Language, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class InstalledLanguage:
    """A language whose image is on the engine, with the version that the image reports.

    `digest`: the image's id (`sha256:` and 64 hex digits). `size_bytes`: its size, all layers.
    """

    language: Language
    version: str
    digest: str
    size_bytes: int = 0
