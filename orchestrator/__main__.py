"""The command line: serve, check, run, languages, builds, jobs, drain, keys, sweep."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from orchestrator import __version__
from orchestrator.cli.admin_commands import builds, drain, jobs
from orchestrator.cli.key_commands import keys
from orchestrator.cli.language_commands import languages
from orchestrator.cli.server import Server, server_options
from orchestrator.cli.shell import Commands, err, guard, out, read_settings
from orchestrator.cli.shell import run as run_on_a_loop


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="codebae-runner")
def main() -> None:
    """Run untrusted programs, each in one short-lived container of its own."""


for command in (languages, builds, jobs, drain, keys):
    main.add_command(command)


@main.command()
@click.option(
    "--dev",
    is_flag=True,
    help="Make up the keys that are not set, keep them in .env, and show them; "
    "listen on this machine alone unless HOST says otherwise.",
)
@click.option("--reload", is_flag=True, help="Start anew whenever the source or an image changes.")
@click.option("--reloaded", is_flag=True, hidden=True, help="As `--reload` starts it.")
def serve(*, dev: bool, reload: bool, reloaded: bool) -> None:
    """Serve HTTP on PORT until SIGTERM or SIGINT."""
    if reload:
        from orchestrator.cli import reload as reloader

        folders = (Path(__file__).parent, read_settings().images_dir)
        arguments = ["--dev", "--reloaded"] if dev else ["--reloaded"]
        sys.exit(reloader.serve_and_reload(folders, arguments))
    from orchestrator.cli import keys as made_up
    from orchestrator.cli import serve as server_process

    if dev:
        guard(lambda: made_up.ensure_keys(Path(".env")))
    settings = read_settings()
    if dev and "host" not in settings.model_fields_set:
        settings = settings.model_copy(update={"host": "127.0.0.1"})
    mode = server_process.Mode(shows_keys=dev, for_development=dev or reloaded)
    run_on_a_loop(server_process.serve(settings, out, mode))


@main.command()
def check() -> None:
    """Prove that every limit bites on this engine, in every image; a table of what was tried."""
    from orchestrator.cli import check as selftest

    if not run_on_a_loop(selftest.check(read_settings(log_level="warning"), out)):
        sys.exit(1)


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--input",
    "input_file",
    type=click.File("rb"),
    help="What the program reads; by default what is piped in here. `-`: stdin, a terminal too.",
)
@click.option("--language", help="Language id or alias; by default told from the file's name.")
@server_options("API_KEY")
def run(server: Server | None, file: Path, input_file: Any, language: str | None) -> None:
    """Run FILE in a sandbox, as the server would, or with --url on a server; exit as it did."""
    from orchestrator.cli import program_input, remote_run
    from orchestrator.cli import run as local_run

    def read(max_bytes: int) -> bytes:
        return guard(lambda: program_input.read_input(input_file, max_bytes, err))

    if server is not None:
        stdin = read(remote_run.MAX_INPUT)
        work = remote_run.run_remotely(server, file, stdin, language, err)
    else:
        settings = read_settings(log_level="warning")
        stdin = read(settings.max_input_size)
        work = local_run.run_file(settings, file, stdin, language, err)
    sys.exit(run_on_a_loop(work))


@main.command()
def sweep() -> None:
    """Remove containers that a server left behind."""
    from orchestrator.cli import sweep as leftovers

    run_on_a_loop(leftovers.sweep(read_settings(log_level="warning"), out))


if __name__ == "__main__":
    main()
