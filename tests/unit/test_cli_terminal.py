"""The commands as they are seen on a terminal of eighty columns; each is a process of its own."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from orchestrator.images.build_queue import Build
from tests.admin_support import ADMIN_KEY
from tests.api_support import KEY
from tests.unit.test_cli_remote import AdminServer, admin_server

__all__ = ["admin_server"]

TIMEOUT_S = 100


@contextmanager
def terminal(columns: int) -> Iterator[tuple[int, int]]:
    """Our end of one, and the other's."""
    ours, theirs = os.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    try:
        yield ours, theirs
    finally:
        os.close(ours)


def environment(server: AdminServer) -> dict[str, str]:
    given = {"RUNNER_URL": server.url, "API_KEY": KEY, "ADMIN_KEY": ADMIN_KEY, "TERM": "xterm"}
    return {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "NO_COLOR"}} | given


def see(server: AdminServer, *words: str, folder: Path, typed: bytes = b"") -> str:
    """What the terminal shows, on which `typed` has been typed."""
    command = [sys.executable, "-m", "orchestrator", *words]
    env = environment(server) | {"PYTHONPATH": str(Path(__file__).parents[2])}
    with terminal(80) as (ours, theirs):
        os.write(ours, typed)
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=folder, env=env
        ) as process:
            os.close(theirs)
            seen = b""
            while data := _read(ours):
                seen += data
            process.wait(TIMEOUT_S)
    return re.sub(r"\x1b\[[0-9;]*m", "", seen.decode().replace("\r\n", "\n"))


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # EIO: nobody has the other end any more
        return b""


@pytest.fixture
def build(admin_server: AdminServer) -> Build:
    admin_server.do(admin_server.rebuilder.gate.clear)
    made = admin_server.do(lambda: admin_server.start("sh"))
    assert isinstance(made, Build)
    return made


def test_a_list_on_eighty_columns_has_the_ids_whole(
    admin_server: AdminServer,
    build: Build,
    tmp_path: Path,
) -> None:
    seen = see(admin_server, "builds", "list", folder=tmp_path)
    assert f"\n{build.id}  sh " in seen
    assert "…" not in seen
    assert max(map(len, seen.splitlines())) <= 80


def test_a_list_in_a_pipe_is_a_line_a_row(
    admin_server: AdminServer,
    build: Build,
    tmp_path: Path,
) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "orchestrator", "builds", "list"],
        env=environment(admin_server) | {"PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = done.stdout.splitlines()
    assert line.split("\t")[:3] == [build.id, "sh", build.state.value]


def test_a_command_whose_standard_files_are_closed_ends_as_any_other(
    admin_server: AdminServer, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "orchestrator", "jobs", "list", "--url", "http://127.0.0.1:1"]
    closing = subprocess.run(
        ["sh", "-c", 'exec "$@" <&- >&-', "sh", *command],
        cwd=tmp_path,
        env=environment(admin_server) | {"PYTHONPATH": str(Path(__file__).parents[2])},
        stderr=subprocess.PIPE,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert closing.returncode == 1
    assert closing.stderr == (b"error: http://127.0.0.1:1 can't be spoken to: connection refused\n")


def test_run_leaves_a_terminal_alone_unless_asked_for_it(
    admin_server: AdminServer,
    tmp_path: Path,
) -> None:
    (tmp_path / "program.sh").write_text("cat; echo ended")
    typed = b"typed\n\x04"
    asked = see(admin_server, "run", "program.sh", "--input", "-", folder=tmp_path, typed=typed)
    assert asked.count("typed\n") == 2  # the terminal's echo, and the program's
    left = see(admin_server, "run", "program.sh", folder=tmp_path, typed=typed)
    assert (left.count("typed\n"), "ended\n" in left) == (1, True)
