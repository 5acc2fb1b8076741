"""The wire models: what `POST /execute` takes, by type. Bounds and meaning are `submission.py`'s.

Types are strict: a bool or a string is no whole number, and neither is 5.0. `null` for an optional
field is the same as leaving it out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from orchestrator.api.errors import Problem, invalid

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ENTRIES = 1000
"""Most entries of any list and of `env`: above every setting, and few enough to report on."""
MAX_UNKNOWN = 2
"""Most unknown fields that are each told of in an object that takes none; there may be MAX_ENTRIES
such objects."""
MAX_PROBLEMS = 10
"""Most problems one answer lists."""
MAX_NAME_SHOWN = 64
"""Most characters of a client's own field name that an answer repeats."""

Model = TypeVar("Model", bound=BaseModel)

_MESSAGES = {
    "missing": "is required",
    "string_type": "must be a string",
    "string_unicode": "is not valid Unicode text",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "literal_error": "must be utf8 or base64",
    "extra_forbidden": "is not a known field",
}


def _encodable(text: str) -> str:
    """JSON can say half a surrogate pair, which is no text."""
    try:
        text.encode()
    except UnicodeEncodeError as err:
        raise PydanticCustomError("string_unicode", "invalid Unicode") from err
    return text


def _few_entries(value: Any) -> Any:
    """Stop before a million wrong entries become a million errors."""
    if isinstance(value, list | dict) and len(value) > MAX_ENTRIES:
        raise PydanticCustomError("too_many", f"has more than {MAX_ENTRIES} entries")
    return value


def _named(value: Any) -> Any:
    """`"lines"` is short for `{"type": "lines"}`."""
    return {"type": value} if isinstance(value, str) else value


Text = Annotated[str, AfterValidator(_encodable)]
Texts = Annotated[list[Text], BeforeValidator(_few_entries)]
Number = Annotated[float, Field(allow_inf_nan=False)]
EncodingName = Literal["utf8", "base64"]


class _Open(BaseModel):
    """Other fields are ignored."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="ignore", use_attribute_docstrings=True
    )


class Closed(BaseModel):
    """Other fields are refused."""

    model_config = ConfigDict(
        strict=True, frozen=True, extra="forbid", use_attribute_docstrings=True
    )

    @model_validator(mode="before")
    @classmethod
    def _few_fields(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > len(cls.model_fields) + MAX_UNKNOWN:
            raise PydanticCustomError("too_many", "has too many fields")
        return value


class FileRequest(Closed):
    """A file of the submission; `content` is text, or base64 when `encoding` says so."""

    name: Text
    """A relative path, with `/` between its parts."""
    content: Text
    """Text, or base64."""
    encoding: EncodingName | None = None
    """Of `content`; `utf8` unless given."""


Files = Annotated[list[FileRequest], BeforeValidator(_few_entries)]


class LimitsRequest(Closed):
    """A run's limits: ms, MiB, KiB per stream, and processes with threads."""

    wall_ms: int | None = None
    """Wall time, ms; wins over `timeout`."""
    cpu_ms: int | None = None
    """CPU time of the whole process tree, ms."""
    memory_mb: int | None = None
    """Memory, MiB, swap included."""
    output_kb: int | None = None
    """Of stdout and of stderr, each, KiB."""
    processes: int | None = None
    """Processes and threads."""


class TestRequest(Closed):
    """One test; without `expected` whatever is printed is right."""

    name: Text | None = None
    """Its number, from 1, unless given; no two tests have the same."""
    input: Text
    """Its stdin; may be empty."""
    expected: Text | None = None
    """What it is to print."""
    limits: LimitsRequest | None = None
    """For this test alone."""
    points: Number | None = None
    """What it is worth."""
    group: Text | None = None
    """Tests of one group count together: all or nothing."""


class CheckerRequest(Closed):
    """A checker: `abs` and `rel` are `float`'s, what follows is `program`'s."""

    type: Text
    """Which one."""
    abs: Number | None = None
    """The absolute tolerance; 1e-6 unless given."""
    rel: Number | None = None
    """The relative tolerance; 1e-6 unless given."""
    language: Text | None = None
    """Any installed language."""
    code: Text | None = None
    """Its one source file."""
    files: Files | None = None
    """Instead of `code`, the main one first."""
    protocol: Text | None = None
    """How it is called and says what it found: `testlib` unless given, or `kattis`."""
    args: Texts | None = None
    """Further arguments, after those of the protocol."""


class InteractorRequest(Closed):
    """A program that the submission talks to; `transcript`: what both said is returned."""

    language: Text
    """Any installed language."""
    code: Text | None = None
    """Its one source file."""
    files: Files | None = None
    """Instead of `code`, the main one first."""
    protocol: Text | None = None
    """As a checker's."""
    args: Texts | None = None
    """As a checker's."""
    transcript: bool | None = None
    """Whether what both said is returned."""


CheckerOrName = Annotated[
    CheckerRequest, BeforeValidator(_named, json_schema_input_type=CheckerRequest | str)
]


class ExecuteRequest(_Open):
    """The body of `POST /execute`. `code` or `files`; `encoding` is of inputs and outputs.

    A `checker` may be its type alone.
    """

    language: Text
    """A language's id or alias, as `GET /languages` has them."""
    code: Text | None = None
    """The program's one source file; always text, whatever `encoding`."""
    files: Files | None = None
    """Instead of `code`: the source files, the main one first."""
    input: Text | None = None
    """The program's stdin."""
    timeout: int | None = None
    """The run's wall time, ms; with tests, each one's CPU time."""
    args: Texts | None = None
    """The program's arguments."""
    env: Annotated[dict[Text, Text], BeforeValidator(_few_entries)] | None = None
    """The run's environment beside and over the default one."""
    compile_args: Texts | None = None
    """Further arguments for the compiler."""
    version: Text | None = None
    """Refuse unless the language's version begins so, by components: `17` is met by 17.0.15."""
    limits: LimitsRequest | None = None
    """The run's limits; with tests, those of each that has none of its own."""
    encoding: EncodingName | None = None
    """Of inputs and outputs; `utf8` unless given."""
    tests: Annotated[list[TestRequest], BeforeValidator(_few_entries)] | None = None
    """Run once for each, and judge."""
    checker: CheckerOrName | None = None
    """How to judge: a checker, or its type alone; `lines` unless given."""
    interactor: InteractorRequest | None = None
    """Instead of `checker`: a program that the submission talks to."""
    stop_on_failure: bool | None = None
    """After the first test that is not accepted, skip the rest."""
    return_outputs: Text | None = None
    """Of which tests the answer has the outputs; `failed` unless given."""


def parse_execute(payload: Mapping[str, object]) -> ExecuteRequest:
    """Check every field's type. Raises ApiError (400) that names what is wrong, field by field."""
    return parse(ExecuteRequest, payload)


def parse(model: type[Model], payload: Mapping[str, object]) -> Model:
    """Check a value against any model, as `parse_execute` does."""
    try:
        return model.model_validate(payload)
    except ValidationError as err:
        errors = err.errors(include_url=False, include_context=False, include_input=False)
        raise invalid([_problem(error) for error in errors[:MAX_PROBLEMS]]) from err


def unknown_fields(payload: Mapping[str, object]) -> tuple[str, ...]:
    """A warning for each top-level field that nobody reads; the first few when there are many."""
    unknown = [name for name in payload if name not in ExecuteRequest.model_fields]
    shown = [f"Unknown field ignored: {shorten(name)}" for name in unknown[:MAX_PROBLEMS]]
    if len(unknown) > MAX_PROBLEMS:
        shown.append(f"Unknown fields ignored: {len(unknown) - MAX_PROBLEMS} more")
    return tuple(shown)


def shorten(name: str) -> str:
    """A client's own words, short enough to repeat in an answer."""
    return name if len(name) <= MAX_NAME_SHOWN else name[:MAX_NAME_SHOWN] + "…"


def _problem(error: ErrorDetails) -> Problem:
    field = ".".join(shorten(str(part)) for part in error["loc"] if part != "[key]")
    return Problem(field, _MESSAGES.get(error["type"], error["msg"]))
