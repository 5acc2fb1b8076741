"""`serve`: the server's life from the first line it prints to its exit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiohttp import web
from rich.console import Console
from rich.markup import escape

from orchestrator.api import keys
from orchestrator.api.connections.door import Door, DoorSite
from orchestrator.api.waiting import Progress, build_waiting_app
from orchestrator.app import build_app, drain
from orchestrator.cli.images import prepare_images
from orchestrator.cli.keys import check_keys
from orchestrator.cli.server import address
from orchestrator.embedded.engine import embedded_engine
from orchestrator.errors import ConfigurationError
from orchestrator.jobs.model import Cause
from orchestrator.machine import connections_within, raise_limit
from orchestrator.settings import Settings
from orchestrator.settings.consistency import crowded, overruled
from orchestrator.settings.unread import names_in, unread

log = structlog.get_logger(__name__)

BACKLOG = 1024
SHUTDOWN_S = 1.0  # aiohttp's own wait, twice, once every job has been answered


@dataclass(frozen=True, slots=True)
class Mode:
    """How `serve` was asked to serve."""

    shows_keys: bool = False
    """Whether to print them, with what to try."""
    for_development: bool = False
    """Whether any key will do."""


async def serve(settings: Settings, out: Console, mode: Mode) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises ConfigurationError or EngineError when it can't start.
    """
    app = build_app(settings)
    if not app[keys.RING].keys:
        raise ConfigurationError(
            "setting API_KEY: set one key, or several comma-separated, or name some in KEYS_FILE; "
            "`make run` makes one up"
        )
    for text in (*remarks(settings), *check_keys(settings, for_development=mode.for_development)):
        log.warning("settings", remark=text)
    stop = asyncio.Event()
    _stop_at_signals(app, stop)
    with _listen(settings) as listener:
        if not settings.is_embedded:
            await _serve(app, settings, listener, out, stop, mode=mode)
            return
        async with _own_engine(settings, listener, out, stop):
            if not stop.is_set():
                await _serve(app, settings, listener, out, stop, mode=mode)


def _stop_at_signals(app: web.Application, stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        if stop.is_set() and keys.SERVICE in app:  # asked twice: who does will not wait
            app[keys.SERVICE].end_all(Cause.DRAIN)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)


@contextlib.asynccontextmanager
async def _own_engine(
    settings: Settings, listener: socket.socket, out: Console, stop: asyncio.Event
) -> AsyncIterator[None]:
    """An embedded engine with every image that is needed, or as far as it got when asked to stop.

    Meanwhile who comes is told what is being done.
    """
    progress = Progress("starting the engine")
    waiting = web.AppRunner(
        build_waiting_app(progress, settings), access_log=None, shutdown_timeout=SHUTDOWN_S
    )
    await waiting.setup()

    def say(text: str) -> None:
        progress.reason = text

    async with contextlib.AsyncExitStack() as engine:
        try:
            await _let_in(waiting, settings, listener)
            await _unless_stopped(engine.enter_async_context(embedded_engine(settings)), stop)
            await _unless_stopped(prepare_images(settings, out, say), stop)
        finally:
            await waiting.cleanup()
        yield


async def _unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Do the work, but cancel it as soon as `stop` is set."""
    doing, stopping = asyncio.ensure_future(work), asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({doing, stopping}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if not doing.done():
            doing.cancel()
            await asyncio.wait({doing})
    if not doing.cancelled():
        doing.result()


async def _serve(  # noqa: PLR0913 - what `serve` has put together
    app: web.Application,
    settings: Settings,
    listener: socket.socket,
    out: Console,
    stop: asyncio.Event,
    *,
    mode: Mode,
) -> None:
    # Without handler_cancellation a client's hang-up would not end its job.
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=SHUTDOWN_S,
    )
    port = int(listener.getsockname()[1])
    try:
        await runner.setup()
        await _let_in(runner, settings, listener)
        await announce(app, address(settings.host, port), out, stop)
        gc.freeze()  # what is there by now stays: it need not be looked through again and again
        if mode.shows_keys and not stop.is_set():
            _show_keys(settings, port, out)
        await stop.wait()
        _say_goodbye(app, settings, out)
        await drain(app)  # while it still listens: who comes now is told so
    finally:
        await runner.cleanup()


async def _let_in(runner: web.AppRunner, settings: Settings, listener: socket.socket) -> None:
    most, newcomers = connections_within(raise_limit(), settings.max_connections)
    if most < settings.max_connections:
        log.warning("settings", remark=f"MAX_CONNECTIONS: {most} with this limit on open files")
    door = Door(runner, settings, most=most, newcomers=newcomers)
    await DoorSite(runner, door, listener.dup()).start()


def _say_goodbye(app: web.Application, settings: Settings, out: Console) -> None:
    jobs = len(app[keys.SERVICE].active_jobs())
    waits = f"; {jobs} under way, {settings.drain_timeout:g} s at most" if jobs else ""
    out.print(f"Stopping: no more jobs{waits}", highlight=False)


def _listen(settings: Settings) -> socket.socket:
    """One socket for as long as we live: who connects between two sites of ours has to wait."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        return socket.create_server((settings.host, settings.port), family=family, backlog=BACKLOG)
    except OSError as err:
        raise ConfigurationError(
            f"setting PORT: can't listen on {settings.host}:{settings.port}: {err.strerror}"
        ) from err


def remarks(settings: Settings) -> list[str]:
    """What is odd about the settings and about what looks like some, without being wrong."""
    file = Path(".env")
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    known = {name.upper() for name in type(settings).model_fields}
    return [
        *overruled(vars(settings), settings.model_fields_set),
        *crowded(settings.slots, settings.cpus),
        *unread(os.environ, names_in(text), known),
    ]


async def announce(app: web.Application, url: str, out: Console, stop: asyncio.Event) -> None:
    """Print what is served, once the self-test has passed (or what is wrong with it)."""
    waits = [asyncio.create_task(event.wait()) for event in (app[keys.READINESS].settled, stop)]
    with out.status("Self-test: do the limits bite on this engine?"):
        _, pending = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in pending:
        wait.cancel()
    if stop.is_set():
        return
    reason = app[keys.READINESS].reason
    if reason is not None:
        out.print(f"[bold red]Not ready:[/] {escape(reason)}", highlight=False)
        return
    out.print(f"[bold green]Ready[/] on {escape(url)}", highlight=False)
    for installed in app[keys.SERVICE].catalog:
        out.print(f"  {installed.language.id:<12} {installed.language.name} {installed.version}")


def _show_keys(settings: Settings, port: int, out: Console) -> None:
    url, key = address(settings.host, port), (*settings.api_keys, "KEY")[0]
    lines = [f"In a browser: {url}/docs", f"API key:      {key}"]
    if settings.admin_keys:
        lines.append(f"Admin key:    {settings.admin_keys[0]}")
    body = """{"language": "python", "code": "print(\\"Hello, World!\\")"}"""
    headers = f"-H 'Authorization: Bearer {key}' -H 'Content-Type: application/json'"
    lines += ["Try it:", f"curl -s {url}/execute {headers} -d '{body}'"]
    for line in lines:
        out.print(line, highlight=False, markup=False, soft_wrap=True)
