"""What the program of `run` reads."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import pytest
from rich.console import Console

from orchestrator.cli import program_input
from orchestrator.cli.program_input import read_input
from orchestrator.errors import InvalidSubmissionError

QUIET = Console(file=io.StringIO())


Take = Callable[[int], TextIO]
Pipe = Callable[[bytes], TextIO]


@pytest.fixture
def take(monkeypatch: pytest.MonkeyPatch) -> Iterator[Take]:
    """Makes a descriptor stdin, for the length of a test."""
    with contextlib.ExitStack() as files:

        def stand_in(descriptor: int) -> TextIO:
            file = files.enter_context(os.fdopen(descriptor))
            monkeypatch.setattr(sys, "stdin", file)
            return file

        yield stand_in


@pytest.fixture
def pipe_in(take: Take) -> Pipe:
    def write(data: bytes) -> TextIO:
        reader, writer = os.pipe()
        os.write(writer, data)
        os.close(writer)
        return take(reader)

    return write


@pytest.mark.parametrize("data", [b"", b"Bob\n", b"\xff\x00no text"])
def test_what_is_piped_in_is_the_input(pipe_in: Pipe, data: bytes) -> None:
    pipe_in(data)
    assert read_input(None, 100, QUIET) == data


def test_a_file_goes_before_what_is_piped_in(pipe_in: Pipe) -> None:
    stdin = pipe_in(b"piped")
    assert read_input(io.BytesIO(b"a file's"), 100, QUIET) == b"a file's"
    assert stdin.read() == "piped"


def test_a_terminal_is_not_read(take: Take) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"typed\n")
    take(theirs)
    assert read_input(None, 100, QUIET) == b""
    os.close(ours)


def test_a_terminal_is_read_to_its_end_when_asked(take: Take) -> None:
    ours, theirs = os.openpty()
    os.write(ours, b"typed\n\x04")
    stdin = take(theirs)
    assert read_input(stdin.buffer, 100, QUIET) == b"typed\n"
    os.close(ours)


def test_a_closed_stdin_is_no_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert read_input(None, 100, QUIET) == b""


def test_an_endless_stdin_is_refused_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path("/dev/zero").open() as endless:
        monkeypatch.setattr(sys, "stdin", endless)
        with pytest.raises(InvalidSubmissionError, match="longer than 100 bytes"):
            read_input(None, 100, QUIET)


def test_a_stdin_that_can_t_be_read_is_said_so() -> None:
    class Folder(io.BytesIO):
        def read(self, _size: int | None = -1, /) -> bytes:
            raise IsADirectoryError(21, "Is a directory")

    with pytest.raises(InvalidSubmissionError, match="can't be read: Is a directory"):
        read_input(Folder(), 100, QUIET)


def test_whoever_types_nothing_is_told_what_is_waited_for(
    take: Take, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_input, "PATIENCE_S", 0.01)
    reader, writer = os.pipe()
    take(reader)
    told = threading.Event()

    class Screen(io.StringIO):
        def write(self, text: str) -> int:
            told.set()
            return super().write(text)

    def answer() -> None:
        assert told.wait(60)
        os.write(writer, b"late")
        os.close(writer)

    typist = threading.Thread(target=answer)
    typist.start()
    screen = Screen()
    assert read_input(None, 100, Console(file=screen)) == b"late"
    typist.join()
    assert "--input /dev/null" in screen.getvalue()
