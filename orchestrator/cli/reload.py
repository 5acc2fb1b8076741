"""`serve --reload`: for development, a server that is started anew whenever its source changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType

from watchfiles import Change, watch

from orchestrator.cli.file_systems import tell_of_changes

LOOK_S = 1.0
CACHE = "__pycache__"
Seen = dict[str, int]


def serve_and_reload(folders: Sequence[Path], arguments: Sequence[str]) -> int:
    """Run `serve` with `arguments` until SIGTERM or SIGINT; its exit status.

    A server that ends by itself is started again with the next change. As PID 1 of a container this
    also takes leave of whatever is left to it.
    """
    asked = list[int]()

    def ask(number: int, _: FrameType | None) -> None:
        asked.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    server = _Server(arguments)
    for has_changed in looks(folders):
        if asked:
            break
        server.look()
        if has_changed:
            server.stop()
            server = _Server(arguments)
    return server.stop()


class _Server:
    """One run of the server: in a process group of its own, so that it stops once, by us."""

    def __init__(self, arguments: Sequence[str]) -> None:
        command = [sys.executable, "-m", "orchestrator", "serve", *arguments]
        self._process = subprocess.Popen(command, start_new_session=True)  # noqa: S603 - ourselves
        self._status: int | None = None

    def look(self) -> None:
        """Whether it still runs; and orphans."""
        for pid, status in _ended():
            if pid == self._process.pid:
                self._status = self._process.returncode = os.waitstatus_to_exitcode(status)

    def stop(self) -> int:
        """Ask it to stop, and wait; its exit status."""
        if self._status is None:
            self._process.send_signal(signal.SIGTERM)
            self._status = self._process.wait()
        return self._status


def _ended() -> Iterator[tuple[int, int]]:
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if not pid:
            return
        yield pid, status


def looks(folders: Sequence[Path]) -> Iterator[bool]:
    """Whether a file below `folders` has changed since the last look; one a LOOK_S, for ever.

    The kernel tells of changes where it can, and then sooner. Elsewhere, as on what a Mac shares
    with its containers, files are looked at: not by watchfiles, whose own polling knows whole
    seconds alone and so misses the second of two changes in one.
    """
    if tell_of_changes(folders):
        try:
            yield from _told(folders)
        except (OSError, RuntimeError) as err:  # the kernel has no more watches for us
            print(f"changes are looked for once a second: {err}", file=sys.stderr)  # noqa: T201
    yield from _looked_at(folders)


def _told(folders: Sequence[Path]) -> Iterator[bool]:
    told = watch(
        *folders,
        watch_filter=_counts,
        rust_timeout=int(LOOK_S * 1000),
        yield_on_timeout=True,
        raise_interrupt=False,
        force_polling=False,
    )
    for changes in told:
        yield bool(changes)


def _counts(_change: Change, path: str) -> bool:
    return CACHE not in Path(path).parts


def _looked_at(folders: Sequence[Path]) -> Iterator[bool]:
    seen = snapshot(folders)
    while True:
        time.sleep(LOOK_S)
        before, seen = seen, snapshot(folders)
        yield seen != before


def snapshot(folders: Sequence[Path]) -> Seen:
    """When each file below `folders` was changed, in ns; caches don't count."""
    seen: Seen = {}
    for folder in folders:
        for parent, folders_in_it, names in os.walk(folder):
            folders_in_it[:] = [each for each in folders_in_it if each != CACHE]
            for name in names:
                path = os.path.join(parent, name)  # noqa: PTH118 - a thousand of them each second
                try:
                    seen[path] = os.stat(path).st_mtime_ns  # noqa: PTH116 - as above
                except OSError:
                    continue  # removed meanwhile
    return seen
