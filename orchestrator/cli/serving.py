"""`serve`: the server's life from the first line it prints to its exit."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import signal
import socket
from collections.abc import AsyncIterator, Coroutine
from pathlib import Path
from typing import Any

from aiohttp import web
from rich.console import Console
from rich.markup import escape

from orchestrator.api import keys
from orchestrator.api.waiting import Progress, build_waiting_app
from orchestrator.app import build_app, drain
from orchestrator.cli.preparing import prepare_images
from orchestrator.embedded.engine import embedded_engine
from orchestrator.errors import ConfigurationError
from orchestrator.jobs.model import Cause
from orchestrator.settings import Settings

KEEPALIVE_S = 75.0  # aiohttp's own default is an hour
BACKLOG = 128
SHUTDOWN_S = 1.0  # aiohttp's own wait, twice, once every job has been answered


def ensure_api_key(env_file: Path) -> None:
    """Make up API_KEY when neither the environment nor `env_file` has one, and keep it there."""
    text = env_file.read_text("utf-8") if env_file.exists() else ""
    if any(map(_sets_api_key, text.splitlines())) or os.environ.get("API_KEY"):
        return
    env_file.touch(mode=0o600)
    newline = "" if not text or text.endswith("\n") else "\n"
    env_file.write_text(f"{text}{newline}API_KEY={secrets.token_urlsafe(24)}\n", "utf-8")


def _sets_api_key(line: str) -> bool:
    name, _, value = line.partition("=")
    return name.strip().removeprefix("export ").strip() == "API_KEY" and bool(value.strip(" \t\"'"))


async def serve(settings: Settings, out: Console, *, show_key: bool) -> None:
    """Serve until SIGTERM or SIGINT; `show_key` prints the key with a command to try.

    Raises ConfigurationError or EngineError when it can't start.
    """
    if not settings.api_keys:
        raise ConfigurationError(
            "setting API_KEY: set one key, or several comma-separated; `make run` makes one up"
        )
    app = build_app(settings)
    stop = asyncio.Event()
    _stop_at_signals(app, stop)
    with _listen(settings) as listener:
        if not settings.is_embedded:
            await _serve(app, settings, listener, out, stop, show_key=show_key)
            return
        async with _own_engine(settings, listener, out, stop):
            if not stop.is_set():
                await _serve(app, settings, listener, out, stop, show_key=show_key)


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
        build_waiting_app(progress), access_log=None, shutdown_timeout=SHUTDOWN_S
    )
    await waiting.setup()

    def say(text: str) -> None:
        progress.reason = text

    async with contextlib.AsyncExitStack() as engine:
        try:
            await web.SockSite(waiting, listener.dup()).start()
            await _unless_stopped(engine.enter_async_context(embedded_engine(settings)), stop)
            await _unless_stopped(prepare_images(settings, out, say), stop)
        finally:
            await waiting.cleanup()
        yield


async def _unless_stopped(work: Coroutine[Any, Any, None], stop: asyncio.Event) -> None:
    """Do it, or give it up as soon as `stop` is set."""
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
    show_key: bool,
) -> None:
    # Without handler_cancellation a client's hang-up would not end its job.
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=SHUTDOWN_S,
        keepalive_timeout=KEEPALIVE_S,
    )
    port = int(listener.getsockname()[1])
    try:
        await runner.setup()
        await web.SockSite(runner, listener.dup()).start()
        await announce(app, port, out, stop)
        gc.freeze()  # what is there by now stays: it need not be looked through again and again
        if show_key and not stop.is_set():
            _show_key(settings.api_keys[0], port, out)
        await stop.wait()
        _say_goodbye(app, settings, out)
        await drain(app)  # while it still listens: who comes now is told so
    finally:
        await runner.cleanup()


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


async def announce(app: web.Application, port: int, out: Console, stop: asyncio.Event) -> None:
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
    out.print(f"[bold green]Ready[/] on http://localhost:{port}", highlight=False)
    for installed in app[keys.SERVICE].catalog:
        out.print(f"  {installed.language.id:<12} {installed.language.name} {installed.version}")


def _show_key(key: str, port: int, out: Console) -> None:
    body = """{"language": "python", "code": "print(\\"Hello, World!\\")"}"""
    out.print(f"API key: {key}", highlight=False)
    out.print("Try it:", highlight=False)
    out.print(
        f"curl -s http://localhost:{port}/execute -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{body}'",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )
