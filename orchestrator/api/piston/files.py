"""Piston's files: their bytes, and names that our compilers know them by. No I/O."""

from __future__ import annotations

import base64
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from orchestrator.api.piston.errors import refusal
from orchestrator.api.requests.files import (
    MAX_NAME_BYTES,
    check_distinct,
    largest_file,
    name_problem,
    readable,
)
from orchestrator.errors import InvalidSubmissionError
from orchestrator.languages.model import Language
from orchestrator.languages.sources import BOM, main_file_name
from orchestrator.sandbox.model import SourceFile
from orchestrator.settings import Settings

MAX_NAME = 4096
"""Characters of a name before its `.` and `..` are resolved."""
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2})*+")


@dataclass(frozen=True, slots=True)
class _File:
    name: str
    text: str
    encoding: str
    has_name: bool

    @property
    def is_source(self) -> bool:
        """Whether it is given to the compiler; the first such is the main one."""
        return self.encoding == "utf8"


def to_bytes(text: str) -> bytes:
    """JSON's text as UTF-8; half a surrogate pair, which JSON can say, becomes U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def source_files(
    files: Sequence[Mapping[str, object]], language: Language, settings: Settings
) -> tuple[SourceFile, ...]:
    """The files, the main one first; of two with one name the last counts, in the first's place.

    Every `content` is known to be a string. Raises PistonError, or InvalidSubmissionError.
    """
    if len(files) > settings.max_files:
        raise InvalidSubmissionError(f"files: must be at most {settings.max_files}", field="files")
    read = [_read(index, file) for index, file in enumerate(files)]
    main = next(index for index, file in enumerate(read) if file.is_source)
    names = [_source_name(file, language, is_main=at == main) for at, file in enumerate(read)]
    for index, name in enumerate(names):
        why = name_problem(name)
        if why:
            raise refusal(f"files[{index}].name {why}")
        if len(read[index].text) > largest_file(name, language, settings, is_main=index == main):
            raise InvalidSubmissionError("Code exceeds maximum size", field="files")
    contents = {name: _content(file) for name, file in zip(names, read, strict=True)}
    first = names[main]
    paths = [first, *(name for name in contents if name != first)]
    check_distinct(paths)
    return readable([SourceFile(path, contents[path]) for path in paths], language)


def _read(index: int, file: Mapping[str, object]) -> _File:
    given, encoding, text = file.get("name"), file.get("encoding"), str(file["content"])
    if given and not isinstance(given, str):
        raise refusal(f"files[{index}].name must be a string")
    name = f"file{index}.code"
    if isinstance(given, str) and given:
        if len(given) > MAX_NAME:
            raise refusal(f"files[{index}].name must be at most {MAX_NAME_BYTES} bytes")
        name = posixpath.normpath(to_bytes(given).decode().lstrip("/"))
    return _File(
        name=name,
        text=text,
        encoding=encoding if encoding in ("base64", "hex") else "utf8",
        has_name=bool(given),
    )


def _source_name(file: _File, language: Language, *, is_main: bool) -> str:
    """Its name, with the extension by which the compiler knows a source.

    Where the code says what its file is called, as a public class of Java does, that counts.
    """
    folder, base = posixpath.split(file.name)
    rule = language.source
    is_known = base.endswith(rule.extensions)
    if is_main and rule.name_from is not None:
        otherwise = replace(rule, name=base if is_known else rule.name)
        return posixpath.join(
            folder,
            main_file_name(replace(language, source=otherwise), file.text.removeprefix(BOM)),
        )
    if is_known or not _needs_extension(language) or not (is_main or _is_unnamed_source(file)):
        return file.name
    return file.name + rule.extensions[0]


def _is_unnamed_source(file: _File) -> bool:
    return file.is_source and not file.has_name


def _needs_extension(language: Language) -> bool:
    return language.compile is not None or "{sources}" in language.run.command


def _content(file: _File) -> bytes:
    match file.encoding:
        case "base64":
            return _from_base64(file.text)
        case "hex":
            digits = _HEX.match(file.text)
            return bytes.fromhex(digits[0] if digits else "")
        case _:
            return to_bytes(file.text)


def _from_base64(text: str) -> bytes:
    """As Node reads it: either alphabet, anything else passed over, what is incomplete left out."""
    told = text.partition("=")[0].replace("-", "+").replace("_", "/")
    digits = _NOT_BASE64.sub("", told)
    if len(digits) % 4 == 1:
        digits = digits[:-1]
    return base64.b64decode(digits + "=" * (-len(digits) % 4))
