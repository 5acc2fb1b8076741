"""What every command needs: where it prints, its settings, an event loop, how it fails."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, NoReturn, TypeVar

import click
import uvloop
from rich.console import Console

from orchestrator.errors import RunnerError
from orchestrator.printable import printable
from orchestrator.settings import Settings, load_settings
from orchestrator.telemetry import configure_logging

T = TypeVar("T")

INTERRUPTED = 130

out = Console()
err = Console(stderr=True)


def read_settings(*, log_level: str | None = None) -> Settings:
    """The settings, and logging set up by them; `log_level` where a person reads the output."""
    settings = guard(load_settings)
    configure_logging(log_level or settings.log_level, settings.log_format)
    return settings


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on an event loop of its own; its errors end as `guard` says."""

    def on_a_loop() -> T:
        _have_standard_files()
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)

    return guard(on_a_loop)


def guard(function: Callable[[], T]) -> T:
    """Call a function. An expected error is one line and status 1; a bug keeps its traceback."""
    try:
        return function()
    except RunnerError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _have_standard_files() -> None:
    """A closed one's number would go to a file of the loop's, which uvloop refuses to close."""
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free: this one


class Commands(click.Group):
    """A group at the top, whose commands' usage errors look as all others do."""

    def make_context(self, *args: Any, **extra: Any) -> click.Context:
        """As click's."""
        with _in_our_words():
            return super().make_context(*args, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        """As click's."""
        with _in_our_words():
            return super().invoke(ctx)


@contextlib.contextmanager
def _in_our_words() -> Iterator[None]:
    try:
        yield
    except click.exceptions.NoArgsIsHelpError:
        raise  # it is the help
    except click.UsageError as error:
        if error.ctx is not None:
            click.echo(error.ctx.get_usage(), err=True)
            click.echo(f"Try '{error.ctx.command_path} --help' for help.\n", err=True)
        _fail(error.format_message(), error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message(), error.exit_code)


def _fail(message: str, status: int = 1) -> NoReturn:
    err.print("[bold red]error:[/] ", end="", highlight=False)
    err.print(printable(message), markup=False, highlight=False, soft_wrap=True)
    sys.exit(status)
