"""`serve`: the server's life from the first line it prints to its exit."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
from pathlib import Path

from aiohttp import web
from rich.console import Console
from rich.markup import escape

from orchestrator.api import keys
from orchestrator.app import build_app, drain
from orchestrator.errors import ConfigurationError
from orchestrator.jobs.model import Cause
from orchestrator.settings import Settings

KEEPALIVE_S = 75.0  # aiohttp's own default is an hour
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
    # Without handler_cancellation a client's hang-up would not end its job.
    runner = web.AppRunner(
        app,
        handler_cancellation=True,
        access_log=None,
        shutdown_timeout=SHUTDOWN_S,
        keepalive_timeout=KEEPALIVE_S,
    )
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        if stop.is_set() and keys.SERVICE in app:  # asked twice: who does will not wait
            app[keys.SERVICE].end_all(Cause.DRAIN)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    try:
        await runner.setup()
        port = await _listen(runner, settings)
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


async def _listen(runner: web.AppRunner, settings: Settings) -> int:
    site = web.TCPSite(runner, settings.host, settings.port)
    try:
        await site.start()
    except OSError as err:
        raise ConfigurationError(
            f"setting PORT: can't listen on {settings.host}:{settings.port}: {err.strerror}"
        ) from err
    return int(runner.addresses[0][1])


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
    for installed in app[keys.SERVICE].installed.values():
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
