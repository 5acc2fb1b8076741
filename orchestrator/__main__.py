"""The command line: serve, check, run, languages, sweep."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
import uvloop
from rich.console import Console

from orchestrator.errors import RunnerError
from orchestrator.settings import Settings, load_settings
from orchestrator.telemetry import configure_logging

T = TypeVar("T")

out = Console()
err = Console(stderr=True)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="codebae-runner")
def main() -> None:
    """Run untrusted programs, each in one short-lived container of its own."""


@main.command()
@click.option("--dev", is_flag=True, help="Make up an API key when none is set; keep it in .env.")
def serve(*, dev: bool) -> None:
    """Serve HTTP on PORT until SIGTERM or SIGINT."""
    from orchestrator.cli import serving

    if dev:
        _guard(lambda: serving.ensure_api_key(Path(".env")))
    _run(serving.serve(_settings(), out, show_key=dev))


@main.command()
def check() -> None:
    """Prove that every limit bites on this engine, in every image; a table of what was tried."""
    from orchestrator.cli import checking

    if not _run(checking.check(_settings(log_level="warning"), out)):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--input", "input_file", type=click.File("rb"), help="What the program reads.")
@click.option("--language", help="Language id or alias; by default told from the file's name.")
def run(file: Path, input_file: Any, language: str | None) -> None:
    """Run FILE in a sandbox, as the server would; exit as it did."""
    from orchestrator.cli import running

    stdin = input_file.read() if input_file else b""
    sys.exit(_run(running.run_file(_settings(log_level="warning"), file, stdin, language, err)))


@main.group()
def languages() -> None:
    """Build the language images, or list them."""


@languages.command()
@click.argument("ids", nargs=-1)
def build(ids: tuple[str, ...]) -> None:
    """Build the images of the languages named, or of all in LANGUAGES; skip what is unchanged."""
    from orchestrator.languages.commands import run_build

    _run(run_build(_settings(log_level="warning"), ids, out))


@languages.command("list")
def list_() -> None:
    """List the languages: version, image, aliases."""
    from orchestrator.languages.commands import run_list

    _run(run_list(_settings(log_level="warning"), out))


@main.command()
def sweep() -> None:
    """Remove containers that a server left behind."""
    from orchestrator.cli import sweeping

    _run(sweeping.sweep(_settings(log_level="warning"), out))


def _settings(*, log_level: str | None = None) -> Settings:
    """The settings, and logging set up by them; `log_level` where a person reads the output."""
    settings = _guard(load_settings)
    configure_logging(log_level or settings.log_level, settings.log_format)
    return settings


def _run(work: Coroutine[Any, Any, T]) -> T:
    def run() -> T:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(work)

    return _guard(run)


def _guard(function: Callable[[], T]) -> T:
    """What is ours to explain ends in one line and status 1; a bug keeps its traceback."""
    try:
        return function()
    except RunnerError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)


def _fail(message: str) -> NoReturn:
    err.print(f"[bold red]error:[/] {message}", highlight=False, soft_wrap=True)
    sys.exit(1)


if __name__ == "__main__":
    main()
