"""The schema of `language.toml`: strict pydantic models, and their errors as one line."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PlainValidator,
    ValidationError,
    model_validator,
)

ID_PATTERN = r"^[a-z0-9]+([_-][a-z0-9]+)*$"
MATCH = "{match}"

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
FAST = "{fast}"
_TOKENS = {
    "compile.command": {"sources", "compile_args", "fast"},
    "run.command": {"sources", "args", "fast"},
}
_PARTS = {
    "main": {"compile.command", "run.command"},
    "main_class": {"compile.command", "run.command"},
    "stack_mb": {"run.command"},
}
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def _text(value: str) -> str:
    if "\0" in value:
        raise ValueError("contains a NUL")
    return value


def _plain_name(value: str) -> str:
    if "/" in value or value in {".", ".."}:
        raise ValueError("should be a plain file name")
    return value


def _pattern(value: Any) -> re.Pattern[str]:
    if not isinstance(value, str):
        raise ValueError("should be a string")  # noqa: TRY004 - pydantic collects ValueErrors
    try:
        return re.compile(value)
    except re.error as err:
        raise ValueError(f"not a regular expression: {err}") from err


def _one_group(value: re.Pattern[str]) -> re.Pattern[str]:
    if value.groups != 1:
        raise ValueError(f"should have one group, has {value.groups}")
    return value


def _one_match(value: str) -> str:
    if value.count(MATCH) != 1:
        raise ValueError(f"should contain {MATCH} once")
    return value


def _check_placeholders(token: str, command: str) -> str:
    for name in _PLACEHOLDER.findall(token):
        homes = [home for home, names in _TOKENS.items() if name in names]
        if not homes and name not in _PARTS:
            raise ValueError(f"unknown placeholder {{{name}}}")
        if command not in (homes or _PARTS[name]):
            raise ValueError(f"{{{name}}} has no place in {command}")
        if homes and token != f"{{{name}}}":
            raise ValueError(f"{{{name}}} should be a token of its own")
    return token


Text = Annotated[str, Field(min_length=1), AfterValidator(_text)]
Alias = Annotated[str, Field(pattern=r"^[^\s,]+$"), AfterValidator(_text)]
PlainName = Annotated[Text, AfterValidator(_plain_name)]
Extension = Annotated[str, Field(pattern=r"^\.[^/\s\x00]+$")]
Pattern = Annotated[re.Pattern[str], PlainValidator(_pattern)]
VersionToken = Annotated[Text, AfterValidator(lambda t: _check_placeholders(t, "version"))]
ServerToken = Annotated[Text, AfterValidator(lambda t: _check_placeholders(t, "compile.server"))]
CompileToken = Annotated[Text, AfterValidator(lambda t: _check_placeholders(t, "compile.command"))]
RunToken = Annotated[Text, AfterValidator(lambda t: _check_placeholders(t, "run.command"))]
EnvName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
EnvValue = Annotated[str, AfterValidator(_text)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class SourceTable(_Table):
    """`[source]`."""

    name: PlainName
    extensions: list[Extension] = Field(min_length=1)
    name_from: Annotated[Pattern, AfterValidator(_one_group)] | None = None
    name_template: Annotated[PlainName, AfterValidator(_one_match)] | None = None
    ignore: Pattern | None = None
    blocks: Annotated[str, Field(min_length=2, max_length=2)] | None = None
    unicode_escapes: bool = False
    newlines: Literal["lf"] | None = None

    @model_validator(mode="after")
    def _consistent(self) -> SourceTable:
        if (self.name_from is None) != (self.name_template is None):
            raise ValueError("name_from and name_template need each other")
        for key in ("ignore", "blocks", "unicode_escapes"):
            if getattr(self, key) and self.name_from is None:
                raise ValueError(f"{key} is of no use without name_from")
        for key, value in (("name", self.name), ("name_template", self.name_template)):
            if value is not None and not value.endswith(tuple(self.extensions)):
                raise ValueError(f"{key} ends in none of the extensions")
        return self


class ServerTable(_Table):
    """`[compile.server]`."""

    command: list[ServerToken] = Field(min_length=1)
    env: dict[EnvName, EnvValue] = {}
    memory_mb: int = Field(ge=1, le=65_536)


class _CommandTable(_Table):
    """What `[compile]` and `[run]` share; `fast` and its placeholder `{fast}` need each other."""

    command: list[str]
    fast: list[Text] | None = Field(None, min_length=1)
    env: dict[EnvName, EnvValue] = {}

    @model_validator(mode="after")
    def _fast_has_its_place(self) -> Self:
        places = self.command.count(FAST)
        if self.fast is None and places:
            raise ValueError(f"{FAST} stands in command, but there is no fast")
        if self.fast is not None and places != 1:
            raise ValueError(f"fast needs {FAST} once in command")
        return self


class CompileTable(_CommandTable):
    """`[compile]`."""

    command: list[CompileToken] = Field(min_length=1)
    server: ServerTable | None = None
    uncacheable: Pattern | None = None


class RunTable(_CommandTable):
    """`[run]`."""

    command: list[RunToken] = Field(min_length=1)


class PoolTable(_Table):
    """`[pool]`."""

    size: int = Field(0, ge=0, le=1024)
    memory_mb: int = Field(12, ge=1, le=65_536)


class LimitsTable(_Table):
    """`[limits]`, with the same bounds as the settings."""

    memory_mb: int = Field(ge=16, le=65_536)
    processes: int = Field(ge=4, le=4096)


class MemoryErrorTable(_Table):
    """`[memory_error]`."""

    exit_codes: list[Annotated[int, Field(ge=1, le=255)]] = []
    stderr: Pattern | None = None
    uncaught: Pattern | None = None


class UncaughtTable(_Table):
    """`[uncaught]`."""

    stderr: Pattern


class SampleLimitsTable(_Table):
    """`limits` of a sample."""

    wall_ms: int | None = Field(None, ge=1, le=600_000)
    cpu_ms: int | None = Field(None, ge=1, le=600_000)
    memory_mb: int | None = Field(None, ge=16, le=65_536)
    output_kb: int | None = Field(None, ge=1, le=65_536)
    processes: int | None = Field(None, ge=4, le=4096)


class SampleTable(_Table):
    """An entry of `[samples]`: the expected result of a sample, or why it is `absent`."""

    absent: Text | None = None
    input: str = ""
    stdout: str | None = None
    status: Literal[
        "accepted",
        "compile_error",
        "runtime_error",
        "time_limit",
        "memory_limit",
        "output_limit",
    ] = "accepted"
    exit_code: int | None = Field(None, ge=0, le=255)
    limits: SampleLimitsTable = SampleLimitsTable()

    @model_validator(mode="after")
    def _nothing_beside_absent(self) -> Self:
        if self.absent is not None and len(self.model_fields_set) > 1:
            raise ValueError("absent goes with nothing else")
        return self


class LanguageFile(_Table):
    """A whole `language.toml`."""

    id: str = Field(pattern=ID_PATTERN)
    name: Text
    aliases: list[Alias] = []
    dialects: dict[Alias, list[Text]] = {}
    version: list[VersionToken] = Field(min_length=1)
    source: SourceTable
    compile: CompileTable | None = None
    run: RunTable
    limits: LimitsTable
    pool: PoolTable = PoolTable()
    memory_error: MemoryErrorTable = MemoryErrorTable()
    uncaught: UncaughtTable | None = None
    samples: dict[PlainName, SampleTable] = {}
    variants: dict[Annotated[str, Field(pattern=ID_PATTERN)], dict[str, Any]] = {}

    @model_validator(mode="after")
    def _dialects_are_compiled(self) -> LanguageFile:
        if self.dialects and self.compile is None:
            raise ValueError("dialects are of no use without compile")
        return self


def describe_error(err: ValidationError) -> str:
    """Return the most useful error as `key: what is wrong`: an unknown key before all others.

    (A misspelt key also leaves the right one missing, but the misspelling explains both.)
    """
    errors = err.errors(include_url=False)
    first = next((e for e in errors if e["type"] == "extra_forbidden"), errors[0])
    messages = {"extra_forbidden": "unknown key", "missing": "missing"}
    text = messages.get(first["type"]) or first["msg"].removeprefix("Value error, ")
    return f"{_dotted(first['loc'])}: {' '.join(text.removeprefix('Input ').split())}"


def _dotted(loc: tuple[int | str, ...]) -> str:
    path = ""
    for part in loc:
        if isinstance(part, int):
            path += f"[{part}]"
        elif part != "[key]":  # pydantic's mark for "the key itself, not its value"
            path += f".{dotted_key(part)}"
    return path.removeprefix(".")


def dotted_key(key: str) -> str:
    """Return a key as TOML writes it: bare if possible, else quoted."""
    return key if _BARE_KEY.fullmatch(key) else f'"{key}"'
