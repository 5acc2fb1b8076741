"""A language as data: what `language.toml` says, checked and frozen."""

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
    """How a main file without a name is called, and which files are sources.

    With `name_from` (a pattern with one group, searched in the code after `ignore` was blanked out
    of it, and what stands between `blocks`) the name is `name_template` with the group's text for
    `{match}`; `name` where it finds nothing. `unicode_escapes`: as Java has them, read before all
    else. `newlines` "lf": sources reach the tools without the CR of a CRLF.
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
    """A command with placeholders, and the environment it gets beside the common one.

    `fast`: what `{fast}` stands for; makes the command quicker and changes nothing else.
    """

    command: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    fast: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LimitDefaults:
    """What a job of this language gets when the client asks for nothing else."""

    memory_mb: int
    processes: int


@dataclass(frozen=True, slots=True)
class ServerRule:
    """A compiler that is started before its job is known; idle it takes `memory_mb` MiB."""

    command: tuple[str, ...]
    env: Mapping[str, str]
    memory_mb: int


@dataclass(frozen=True, slots=True)
class PoolRule:
    """How many sandboxes wait for jobs, and what one of them takes, in MiB; without its server."""

    size: int = 0
    memory_mb: int = 12


@dataclass(frozen=True, slots=True)
class MemoryErrorRule:
    """How a run that met its memory limit without being OOM-killed shows it.

    `uncaught` is the runtime's own last word, and counts by itself; the others count where the peak
    bears them out.
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
    """What a sample is run with; None: as whoever runs it does with all."""

    wall_ms: int | None = None
    cpu_ms: int | None = None
    memory_mb: int | None = None
    output_kb: int | None = None
    processes: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A program of the language with the id `language`, and what must come of it.

    `name` is its own among that language's. `files`: the main one first. `stdout` and `exit_code`
    are not looked at where they are None.
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
    """What programs can be sent in: a language folder's own, or a variant on the same image.

    `image_owner` is the folder's id, and the language's own but for a variant. `compile` is None
    for an interpreted language.
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
    """What an exception that nobody caught looks like on stderr."""
    dialects: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By those of its aliases, in lower case, that stand for compiler arguments: these."""
    uncacheable: re.Pattern[str] | None = None
    """What in a file, or an argument, may make two compilations of the same differ."""

    @property
    def image(self) -> str:
        """The tag jobs run on; promoting moves it."""
        return f"codebae-runner/{self.image_owner}:current"

    def compile_args(self, name: str) -> tuple[str, ...]:
        """What whoever calls the language by that name gives its compiler thereby."""
        return self.dialects.get(name.lower(), ())


@dataclass(frozen=True, slots=True)
class LanguageFolder:
    """A folder `images/<id>/`: one image, and the languages that run on it, its own first.

    `toml` is the text of its `language.toml`; `samples` are those of all its languages.
    """

    id: str
    path: Path
    toml: str = field(repr=False)
    languages: tuple[Language, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class InstalledLanguage:
    """A language whose image is on the engine: what that image reports of itself.

    `digest` is the image's id (`sha256:` and 64 hex digits), `size_bytes` its size with all layers.
    """

    language: Language
    version: str
    digest: str
    size_bytes: int = 0
