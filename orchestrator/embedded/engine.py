"""Starts an embedded engine, and supervises it until the context ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path

import structlog

from orchestrator.embedded.cgroups import prepare_cgroups
from orchestrator.embedded.layout import EngineLayout, engine_config, layout_of
from orchestrator.embedded.leftovers import drop_leftovers
from orchestrator.embedded.reaper import reap_orphans
from orchestrator.engine.ping import ping
from orchestrator.errors import ConfigurationError, EngineError, EngineUnavailableError
from orchestrator.settings import Settings

log = structlog.get_logger(__name__)

READY_S = 60.0
STOP_S = 10.0
LOOK_S = 2.0
"""The interval between two health checks of a running engine, in seconds."""
PING_S = 10.0
HUNG_S = 60.0
"""An engine that has not answered for so long is killed, in seconds."""
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 30.0
LONGEST_LINE = 500
SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


@contextlib.asynccontextmanager
async def embedded_engine(settings: Settings) -> AsyncIterator[None]:
    """Run an engine at DOCKER_HOST while the context lasts, restarting it whenever it fails.

    Raises EngineError when it does not come up, ConfigurationError when another engine is there
    already, or dockerd can't be started. However this process ends, the engine ends with it.
    """
    layout = layout_of(settings)
    await _expect_nobody(layout)
    engine = _Supervisor(layout, await asyncio.to_thread(prepare_cgroups))
    tasks: list[asyncio.Task[None]] = []
    if os.getpid() == 1:  # when the engine dies, PID 1 inherits the shims of its containers
        tasks.append(asyncio.create_task(reap_orphans(engine.pids), name="reap"))
    try:
        await engine.start()
        tasks.append(asyncio.create_task(engine.look_after(), name="engine"))
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        await engine.stop()


async def _expect_nobody(layout: EngineLayout) -> None:
    """Wait for the engine of a server killed a moment ago to end; refuse to share any other."""
    until = time.monotonic() + STOP_S
    while await _answers(layout, timeout_s=1):
        if time.monotonic() > until:
            raise ConfigurationError(
                f"setting ENGINE: embedded, but at {layout.socket} there is an engine already; "
                "set DOCKER_HOST to a socket of its own, or ENGINE to external"
            )
        await asyncio.sleep(FIRST_PAUSE_S)


async def _answers(layout: EngineLayout, timeout_s: float) -> bool:
    try:
        await ping(str(layout.socket), timeout_s=timeout_s)
    except EngineUnavailableError:
        return False
    return True


class _Supervisor:
    """Supervises dockerd: one process at a time, at the same socket and with the same data."""

    def __init__(self, layout: EngineLayout, cgroup_parent: str) -> None:
        self._layout = layout
        self._cgroup_parent = cgroup_parent
        self._process: asyncio.subprocess.Process | None = None
        self._relay: asyncio.Task[None] | None = None

    def pids(self) -> set[int]:
        """The child processes that this object itself waits for."""
        return {self._process.pid} if self._process is not None else set()

    async def start(self) -> None:
        """Start dockerd and wait until it answers. Raises EngineError, ConfigurationError."""
        layout = self._layout
        await asyncio.to_thread(self._prepare)
        self._process = process = await _launch(layout)
        self._relay = asyncio.create_task(relay_log(process.stderr), name="engine's log")
        started = time.monotonic()
        while not await _answers(layout, timeout_s=PING_S):
            if process.returncode is not None:
                raise EngineError(f"dockerd ended while starting, with {process.returncode}")
            if time.monotonic() - started > READY_S:
                raise EngineError(f"dockerd does not answer after {READY_S:g} s")
            await asyncio.sleep(0.1)
        log.info("engine_started", pid=process.pid, seconds=round(time.monotonic() - started, 2))

    def _prepare(self) -> None:
        layout = self._layout
        try:
            layout.socket.parent.mkdir(parents=True, exist_ok=True)
            layout.data_root.mkdir(parents=True, exist_ok=True)
            drop_leftovers(layout, removed=_say_removed)
            config = engine_config(
                layout, cgroup_parent=self._cgroup_parent, crun=shutil.which("crun", path=_path())
            )
            layout.config_file.write_text(json.dumps(config, indent=2), "utf-8")
        except OSError as err:
            raise ConfigurationError(f"setting ENGINE: embedded: {err}") from err

    async def look_after(self) -> None:
        """Restart dockerd whenever it ends or hangs, with backoff; until cancelled."""
        pause_s = FIRST_PAUSE_S
        while True:
            await self._until_it_ends()
            status = self._process.returncode if self._process is not None else None
            log.error("engine_ended", status=status)
            try:
                await self.start()
            except (EngineError, ConfigurationError) as err:
                log.error("engine_not_restarted", error=str(err), again_in_s=pause_s)
                await self.stop()
                await asyncio.sleep(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
            else:
                pause_s = FIRST_PAUSE_S

    async def _until_it_ends(self) -> None:
        """Wait until the process has ended; kill it when it hangs."""
        process, last_well = self._process, time.monotonic()
        while process is not None and process.returncode is None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), LOOK_S)
                return
            if await _answers(self._layout, timeout_s=PING_S):
                last_well = time.monotonic()
            elif time.monotonic() - last_well > HUNG_S:
                log.error("engine_hangs", seconds=HUNG_S)
                _signal(process, signal.SIGKILL)

    async def stop(self) -> None:
        """Stop dockerd and wait for its end; killed after STOP_S. Idempotent."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        _signal(process, signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_S)
        except TimeoutError:
            log.error("engine_does_not_stop", seconds=STOP_S)
            _signal(process, signal.SIGKILL)
            await process.wait()


async def _launch(layout: EngineLayout) -> asyncio.subprocess.Process:
    """Start dockerd in a session of its own; it gets a SIGTERM if this process dies.

    In another session a terminal's Ctrl-C does not reach it: jobs need it until they are drained.
    """
    command = ("setpriv", "--pdeathsig", "TERM", "dockerd", "--config-file")
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            str(layout.config_file),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            env=_environment(),
            start_new_session=True,
        )
    except OSError as err:
        raise ConfigurationError(f"setting ENGINE: embedded: no dockerd: {err}") from err


async def relay_log(stream: asyncio.StreamReader | None) -> None:
    """Log the engine's warnings and errors as our own, until the stream ends.

    Lines at level info and debug are dropped: its shims write some for each container, whatever
    the engine's log level.
    """
    while stream is not None and not stream.at_eof():
        try:
            line = (await stream.readline()).decode("utf-8", "replace").strip()
        except ValueError:
            continue  # a line too long to read
        if line and not any(f"level={level}" in line for level in ("info", "debug")):
            log.warning("engine", says=line[:LONGEST_LINE])


def _environment() -> dict[str, str]:
    """Return the engine's environment: what it needs to reach a registry, and none of our keys."""
    names = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE")
    known = {name: os.environ[name] for name in names if name in os.environ}
    return {**known, "PATH": _path()}


def _path() -> str:
    """Return PATH and the sbin folders, as a minimal PATH (cron, CI) lacks the engine's helpers."""
    return f"{os.environ.get('PATH', os.defpath)}:{SBIN}"


def _say_removed(what: str, path: Path) -> None:
    log.info(what, file=str(path))


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(number)
