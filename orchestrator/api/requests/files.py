"""The submission's files: names that are safe inside a sandbox, contents as bytes. No I/O."""

from __future__ import annotations

import base64
import unicodedata
from typing import TYPE_CHECKING

from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Encoding
from orchestrator.languages.sources import BOM, main_file_name, normalise_source
from orchestrator.sandbox.model import SourceFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.api.requests.schemas import FileRequest
    from orchestrator.languages.model import Language
    from orchestrator.settings import Settings

MAX_NAME_BYTES = 255
"""Of the whole relative path, in UTF-8; so no part of it is longer than a file system takes."""
MAX_LEVELS = 8


def source_files(
    code: str | None, files: Sequence[FileRequest] | None, language: Language, settings: Settings
) -> tuple[SourceFile, ...]:
    """A program's files: `code` alone, under the name its language gives it, or `files`.

    Raises InvalidSubmissionError that names the field.
    """
    if not code:
        return readable(named_files(files or (), language, settings), language)
    if files:
        raise _error("files", "can't be given together with code")
    name = main_file_name(language, code.removeprefix(BOM))
    return readable([SourceFile(name, code.encode())], language)


def readable(files: Sequence[SourceFile], language: Language) -> tuple[SourceFile, ...]:
    """The files as they go into the sandbox; sources, and the main file, as tools read them."""
    return tuple(
        SourceFile(file.path, normalise_source(language, file.content))
        if index == 0 or file.path.endswith(language.source.extensions)
        else file
        for index, file in enumerate(files)
    )


def named_files(
    files: Sequence[FileRequest], language: Language, settings: Settings
) -> tuple[SourceFile, ...]:
    """The files, checked one by one and against each other; the order is kept.

    Raises InvalidSubmissionError that names the field, as in `files.2.name`.
    """
    if len(files) > settings.max_files:
        raise _error("files", f"must be at most {settings.max_files}")
    for index, file in enumerate(files):
        why = name_problem(file.name)
        if why:
            raise _error(f"files.{index}.name", why)
    check_distinct([file.name for file in files])
    return tuple(
        SourceFile(file.name, _content(file, index, language, settings))
        for index, file in enumerate(files)
    )


def largest_file(name: str, language: Language, settings: Settings, *, is_main: bool) -> int:
    """How long a file may be: what is compiled or run as the language's code, or anything else."""
    is_source = is_main or name.endswith(language.source.extensions)
    return settings.max_code_size if is_source else settings.max_file_size


def name_problem(name: str) -> str | None:
    """Why `name` can't be a file's relative path in the sandbox; None when it can."""
    if len(name) > MAX_NAME_BYTES or len(name.encode()) > MAX_NAME_BYTES:
        return f"must be at most {MAX_NAME_BYTES} bytes"
    parts = name.split("/")
    if name.startswith("/"):
        return "must be a relative path"
    if any(part in ("", ".", "..") for part in parts):
        return "must not be empty or have an empty, . or .. part"
    if any(unicodedata.category(char) == "Cc" for char in name):
        return "must not contain NUL or other control characters"
    if len(parts) > MAX_LEVELS:
        return f"must have at most {MAX_LEVELS} levels"
    return None


def decode_text(text: str, encoding: Encoding, field: str) -> bytes:
    """A program's input, or what is expected of it, as bytes. Raises InvalidSubmissionError."""
    return decode_base64(text, field) if encoding is Encoding.BASE64 else text.encode()


def decode_base64(text: str, field: str) -> bytes:
    """Strict base64: no white space, nothing after the padding. Raises InvalidSubmissionError."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError as err:
        raise _error(field, "is not valid base64") from err


def check_distinct(names: Sequence[str]) -> None:
    """Refuse a name given twice, and a file that is the folder of another."""
    seen: set[str] = set()
    folders = {folder for name in names for folder in _folders(name)}
    for index, name in enumerate(names):
        if name in seen:
            raise _error(f"files.{index}.name", "is given twice")
        if name in folders:
            raise _error(f"files.{index}.name", "is a folder of another file too")
        seen.add(name)


def _folders(name: str) -> list[str]:
    parts = name.split("/")
    return ["/".join(parts[:end]) for end in range(1, len(parts))]


def _content(file: FileRequest, index: int, language: Language, settings: Settings) -> bytes:
    """Text counts in characters, as `code` does; base64 in bytes."""
    field = f"files.{index}.content"
    is_text = file.encoding != "base64"
    content = file.content.encode() if is_text else decode_base64(file.content, field)
    most = largest_file(file.name, language, settings, is_main=index == 0)
    if len(file.content if is_text else content) > most:
        unit = "characters" if is_text else "bytes"
        hint = f"must be at most {most} {unit}"
        raise InvalidSubmissionError("Code exceeds maximum size", field=field, hint=hint)
    return content


def _error(field: str, message: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(f"{field}: {message}", field=field)
