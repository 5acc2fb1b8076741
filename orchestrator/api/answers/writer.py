"""From domain objects to the JSON data that a model describes. No I/O.

A writer looks at its model once and makes a function of it, as `dataclasses` makes `__init__`: one
that gets each attribute and puts it into a dict. That is what one would write by hand, and as fast;
docs/adr/0021-one-shape-once.md has figures, of pydantic's own serialisation too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin

from pydantic.fields import FieldInfo

from orchestrator.api.answers.models.base import Encoded, Rounded, Shown
from orchestrator.api.answers.texts import encode
from orchestrator.jobs.model import Encoding

Write = Callable[[Any, Encoding], dict[str, Any]]
Make = Callable[[Any, Encoding], object]
"""A field's value, of the domain object and the job's encoding."""
Mark = TypeVar("Mark")


class Writer:
    """Writes domain objects as one model has them.

    `write(source, encoding)` gives JSON data, in the order of the model's fields; a word of an enum
    stays the enum's, a string of that value. `paths` says where in the domain object a field is
    found, by its key.
    """

    def __init__(
        self,
        model: type[Shown],
        *,
        within: Mapping[type[Shown], str] | None = None,
        made: Mapping[str, Make] | None = None,
        parts: Sequence[Writer] = (),
    ) -> None:
        """`within`: the attribute in which the fields of a base of the model are found.

        `made`: fields that the domain object does not have. `parts`: writers for models that are
        fields here, where they need any of these words.
        """
        self.model = model
        self.paths = {
            key: f"{_inside(name, within or {})}{name}"
            for key, name in _names(model)
            if key not in (made or {})
        }
        self._known: dict[str, Any] = {"encode": encode}
        self._known |= {f"make_{key}": make for key, make in (made or {}).items()}
        self._parts = {part.model: part for part in parts}
        self.write = self._compile()

    def _compile(self) -> Write:
        entries = (f"{key!r}: {self._expression(key, name)}" for key, name in _names(self.model))
        text = f"lambda source, encoding: {{{', '.join(entries)}}}"
        code = compile(text, f"<writer of {self.model.__name__}>", "eval")
        # Every word of the text is a name in our own models.
        write: Write = eval(code, self._known)  # noqa: S307
        return write

    def _expression(self, key: str, name: str) -> str:
        """What a field's value is, as Python."""
        if key not in self.paths:
            return f"make_{key}(source, encoding)"
        value = f"source.{self.paths[key]}"
        info = self.model.model_fields[name]
        written = self._convert(key, info, value)
        may_be_null = type(None) in get_args(info.annotation) and written != value
        return f"(None if {value} is None else {written})" if may_be_null else written

    def _convert(self, key: str, info: FieldInfo, value: str) -> str:
        is_list = any(get_origin(each) is list for each in _types(info.annotation))
        model = next((each for each in _types(info.annotation) if _is_model(each)), None)
        if model is not None:
            self._known[f"write_{key}"] = (self._parts.get(model) or Writer(model)).write
            each = f"write_{key}({'each' if is_list else value}, encoding)"
            return f"[{each} for each in {value}]" if is_list else each
        if is_list:
            return f"list({value})"
        if (rounded := _find_mark(info, Rounded)) is not None:
            return f"round({value}, {rounded.digits})"
        if (encoded := _find_mark(info, Encoded)) is not None:
            cut = f", truncated=source.{self.paths[encoded.cut]}" if encoded.cut else ""
            return f"encode({value}, encoding{cut})"
        return value


def _names(model: type[Shown]) -> Iterator[tuple[str, str]]:
    """The fields in their order: each one's key in JSON, and its name."""
    for name, info in model.model_fields.items():
        yield info.alias or name, name


def _inside(name: str, within: Mapping[type[Shown], str]) -> str:
    return next((f"{at}." for base, at in within.items() if name in base.model_fields), "")


def _find_mark(info: FieldInfo, kind: type[Mark]) -> Mark | None:
    """Of what a field's type is `Annotated` with."""
    marks = (*info.metadata, *_marks(info.annotation))
    return next((mark for mark in marks if isinstance(mark, kind)), None)


def _marks(annotation: Any) -> Iterator[object]:
    yield from getattr(annotation, "__metadata__", ())
    for each in get_args(annotation):
        yield from _marks(each)


def _types(annotation: Any) -> Iterator[Any]:
    """A type, and those it is made of."""
    yield annotation
    for each in get_args(annotation):
        yield from _types(each)


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Shown)
