"""Command-line words and the like: few, short and without NUL. No I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestrator.errors import InvalidSubmissionError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.settings import Settings


def check_words(field: str, words: Sequence[str], settings: Settings) -> tuple[str, ...]:
    """The words, if a program can have them. Raises InvalidSubmissionError that names the field."""
    check_size(field, words, settings)
    for index, word in enumerate(words):
        if "\0" in word:
            raise _error(f"{field}.{index}", "must not contain NUL")
    return tuple(words)


def check_size(field: str, words: Sequence[str], settings: Settings) -> None:
    """That they are few and short enough together. Raises InvalidSubmissionError."""
    if len(words) > settings.max_args:
        raise _error(field, f"must have at most {settings.max_args} entries")
    if sum(len(word.encode()) for word in words) > settings.max_args_size:
        raise _error(field, f"must be at most {settings.max_args_size} bytes together")


def _error(field: str, message: str) -> InvalidSubmissionError:
    return InvalidSubmissionError(f"{field}: {message}", field=field)
