"""The command line: serve, check, run, languages, builds, jobs, drain, sweep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.admin_commands import builds, drain, jobs
from orchestrator.cli.language_commands import languages
from orchestrator.cli.server import Server, server_options
from orchestrator.cli.shell import err, guard, out, read_settings
from orchestrator.cli.shell import run as run_on_a_loop


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codebae-runner")
def main() -> None:
    """Run untrusted programs, each in one short-lived container of its own."""


for command in (languages, builds, jobs, drain):
    main.add_command(command)


@main.command()
@click.option("--dev", is_flag=True, help="Make up an API key when none is set; keep it in .env.")
@click.option("--reload", is_flag=True, help="Start anew whenever the source or an image changes.")
def serve(*, dev: bool, reload: bool) -> None:
    """Serve HTTP on PORT until SIGTERM or SIGINT."""
    if reload:
        from orchestrator.cli import reloading

        folders = (Path(__file__).parent, read_settings().images_dir)
        sys.exit(reloading.serve_and_reload(folders, ["--dev"] if dev else []))
    from orchestrator.cli import serving

    if dev:
        guard(lambda: serving.ensure_api_key(Path(".env")))
    run_on_a_loop(serving.serve(read_settings(), out, show_key=dev))


@main.command()
def check() -> None:
    """Prove that every limit bites on this engine, in every image; a table of what was tried."""
    from orchestrator.cli import checking

    if not run_on_a_loop(checking.check(read_settings(log_level="warning"), out)):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--input", "input_file", type=click.File("rb"), help="What the program reads.")
@click.option("--language", help="Language id or alias; by default told from the file's name.")
@server_options("API_KEY")
def run(server: Server | None, file: Path, input_file: Any, language: str | None) -> None:
    """Run FILE in a sandbox, as the server would, or with --url on a server; exit as it did."""
    from orchestrator.cli import remote_running, running

    stdin = input_file.read() if input_file else b""
    if server is not None:
        work = remote_running.run_remotely(server, file, stdin, language, err)
    else:
        settings = read_settings(log_level="warning")
        work = running.run_file(settings, file, stdin, language, err)
    sys.exit(run_on_a_loop(work))


@main.command()
def sweep() -> None:
    """Remove containers that a server left behind."""
    from orchestrator.cli import sweeping

    run_on_a_loop(sweeping.sweep(read_settings(log_level="warning"), out))


if __name__ == "__main__":
    main()
