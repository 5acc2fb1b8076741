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
    of it) the name is `name_template` with the group's text for `{match}`; `name` where it finds
    nothing.
    """

    name: str
    extensions: tuple[str, ...]
    name_from: re.Pattern[str] | None = None
    name_template: str | None = None
    ignore: re.Pattern[str] | None = None


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
    """How a run that met its memory limit without being OOM-killed shows it."""

    exit_codes: frozenset[int] = frozenset()
    stderr: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A program in `samples/` and what must come of it."""

    file: str
    status: str = "accepted"
    input: str = ""
    stdout: str | None = None
    exit_code: int | None = None


@dataclass(frozen=True, slots=True)
class Language:
    """A language folder. `compile` is None for an interpreted language."""

    id: str
    name: str
    folder: Path
    aliases: tuple[str, ...]
    version_command: tuple[str, ...]
    source: SourceRule
    compile: CommandRule | None
    run: CommandRule
    limits: LimitDefaults
    memory_error: MemoryErrorRule
    samples: tuple[Sample, ...]
    pool: PoolRule = PoolRule()
    server: ServerRule | None = None
    uncacheable: re.Pattern[str] | None = None
    """What in a file, or an argument, may make two compilations of the same differ."""

    @property
    def image(self) -> str:
        """The tag jobs run on; promoting moves it."""
        return f"codebae-runner/{self.id}:current"

    @property
    def toolchain_image(self) -> str:
        """The tag of what the folder's own Dockerfile makes: the image before the agent goes in."""
        return f"codebae-runner/{self.id}:toolchain"


@dataclass(frozen=True, slots=True)
class InstalledLanguage:
    """A language whose image is on the engine: what that image reports of itself.

    `digest` is the image's id (`sha256:` and 64 hex digits), `size_bytes` its size with all layers.
    """

    language: Language
    version: str
    digest: str
    size_bytes: int = 0
