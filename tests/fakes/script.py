"""What a `FakeSandbox` runs: a few words of `sh`, interpreted (fake.py lists them)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from orchestrator.sandbox.contract import OutputSink
from orchestrator.sandbox.model import (
    LossReason,
    Signal,
    Stage,
    StageCause,
    StageLoss,
    StageReport,
    Stream,
)
from orchestrator.sandbox.stdin import StdinStream

WINDOW = 262_144


class Script:
    """One run of one script."""

    def __init__(
        self,
        stage: Stage,
        sink: OutputSink,
        folder: dict[str, bytes],
        stdin: StdinStream | None,
        memory_bytes: int,
    ) -> None:
        """`folder`: the files it finds, by name."""
        self._memory_bytes = memory_bytes
        self._oom_kills = 0
        self._stage = stage
        self._input = Input(stage.stdin, stdin)
        self._sink = sink
        self._folder = folder
        self._left = {Stream.STDOUT: stage.stdout_limit, Stream.STDERR: stage.stderr_limit}
        self._truncated: set[Stream] = set()
        self._started = time.monotonic()
        self._ended: tuple[int | None, int | None, StageCause] | None = None
        self._timer = asyncio.timeout(stage.wall_ms / 1000 or None)
        self.loss: StageLoss | None = None

    async def run(self) -> None:
        """Interpret it to its end, to the wall limit (0: none), or to a signal."""
        try:
            async with self._timer:
                self._input.open(self._on_signal)
                await self._interpret(self._text())
        except TimeoutError:
            if self._ended is None:
                self.end(None, signal=9, cause=StageCause.WALL)

    def _on_signal(self, signal: Signal) -> None:
        cause = StageCause.KILLED if signal is Signal.KILL else StageCause.NONE
        self.end(None, signal=int(signal), cause=cause)
        self._timer.reschedule(asyncio.get_running_loop().time())

    async def _interpret(self, text: str) -> None:
        for command in text.replace("\n", ";").split(";"):
            words = command.split()
            if words and self._ended is None and self.loss is None:
                await self._do(words)

    def _text(self) -> str:
        program, *rest = self._stage.argv
        if not program.endswith("sh"):
            return f"echo cannot execute '{program}' >&2; exit 127"
        if rest[0] == "-c":
            return rest[1]
        return self._folder[rest[0]].decode()

    async def _do(self, words: list[str]) -> None:  # noqa: C901 - a command each
        match words:
            case ["echo", *rest]:
                await self._echo(rest)
            case ["cat", *names]:
                await self._cat(names)
            case ["zeros", count]:
                await self._print(Stream.STDOUT, bytes(int(count)))
            case [".", name]:
                await self._source(name.removeprefix("./"))
            case ["exec", "<&-"]:
                self._input.close()
            case ["sleep", seconds]:
                await asyncio.sleep(float(seconds))
            case ["exit", code]:
                self.end(int(code))
            case ["kill", number, "$$"]:
                self.end(None, signal=int(number.lstrip("-")))
            case ["take", megabytes]:
                self._take(int(megabytes) << 20)
            case ["lose", reason]:
                self.loss = StageLoss(LossReason(reason), "told to")
            case _:
                await self._print(Stream.STDERR, f"sh: {words[0]}: not found\n".encode())
                self.end(127)

    async def _echo(self, words: list[str]) -> None:
        stream = Stream.STDERR if words[-1:] == [">&2"] else Stream.STDOUT
        said = words[:-1] if stream is Stream.STDERR else words
        await self._print(stream, " ".join(said).encode() + b"\n")

    def _take(self, size: int) -> None:
        if size > self._memory_bytes:
            self._oom_kills = 1
            self.end(None, signal=9)

    async def _cat(self, names: list[str]) -> None:
        if not names:
            while self._ended is None and (data := await self._input.read()):
                await self._print(Stream.STDOUT, data)
        for name in names:
            if name in self._folder:
                await self._print(Stream.STDOUT, self._folder[name])
            else:
                await self._print(Stream.STDERR, f"cat: {name}: no such file\n".encode())
                self.end(1)

    async def _read_all(self) -> bytes:
        read = bytearray()
        while data := await self._input.read():
            read += data
        return bytes(read)

    async def _source(self, name: str) -> None:
        if name == "/dev/stdin":
            await self._interpret((await self._read_all()).decode())
        elif name in self._folder:
            await self._interpret(self._folder[name].decode())
        else:
            await self._print(Stream.STDERR, f".: {name}: no such file\n".encode())
            self.end(1)

    async def _print(self, stream: Stream, data: bytes) -> None:
        piece = data[: self._left[stream]]
        self._left[stream] -= len(piece)
        if piece:
            await self._sink(stream, piece)
        if len(piece) < len(data):
            self._truncated.add(stream)
            self.end(None, signal=9, cause=StageCause.OUTPUT)

    def end(
        self, code: int | None, *, signal: int | None = None, cause: StageCause = StageCause.NONE
    ) -> None:
        """The program has ended."""
        self._ended = (code, signal, cause)

    def report(self) -> StageReport:
        """What an agent would have seen."""
        code, signal, cause = self._ended or (0, None, StageCause.NONE)
        return StageReport(
            exit_code=code,
            signal=signal,
            cause=cause,
            cpu_us=0,
            wall_us=int((time.monotonic() - self._started) * 1e6),
            memory_kb=0,
            oom_kills=self._oom_kills,
            stdout_truncated=Stream.STDOUT in self._truncated,
            stderr_truncated=Stream.STDERR in self._truncated,
        )


class Input:
    """What a script reads: the stage's bytes, then the stream's, through an agent's window."""

    def __init__(self, stdin: bytes, stream: StdinStream | None) -> None:
        """`stdin`: the stage's own."""
        self._stream = stream
        self._first = stdin
        self._data = bytearray()
        self._has_ended = stream is None
        self._is_closed = False
        self._news = asyncio.Event()
        self._on_signal: Callable[[Signal], None] | None = None

    def open(self, on_signal: Callable[[Signal], None]) -> None:
        """The script begins; `on_signal` is told of each signal."""
        self._on_signal = on_signal
        if self._stream is not None:
            self._stream.attach(self, WINDOW)

    async def read(self) -> bytes:
        """What is there; waits for something; nothing at the end."""
        if self._first:
            data, self._first = self._first, b""
            return data
        while not self._data and not self._has_ended and not self._is_closed:
            self._news.clear()
            await self._news.wait()
        data = bytes(self._data)
        self._take_all()
        return data

    def close(self) -> None:
        """The program takes no more, and whoever writes need not wait for it."""
        self._is_closed = True
        self._first = b""
        self._take_all()

    def _take_all(self) -> None:
        size = len(self._data)
        self._data.clear()
        if self._stream is not None:
            self._stream.add_credit(size)

    def stdin(self, data: bytes | memoryview) -> None:
        """See `StdinSink.stdin`."""
        self._data += data
        self._news.set()
        if self._is_closed:
            asyncio.get_running_loop().call_soon(self._take_all)

    def end(self) -> None:
        """See `StdinSink.end`."""
        self._has_ended = True
        self._news.set()

    def signal(self, signal: Signal) -> None:
        """See `StdinSink.signal`."""
        if self._on_signal is not None:
            self._on_signal(signal)
