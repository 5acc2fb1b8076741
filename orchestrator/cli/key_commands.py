"""The commands `keys …`: who has one, a new one, one less. They change KEYS_FILE alone."""

from __future__ import annotations

from pathlib import Path

import click

from orchestrator.access.key_file import MOST_JOBS, MOST_RATE, MOST_WEIGHT, read_keys
from orchestrator.access.model import SHOWN, Scope
from orchestrator.cli.listing import make_listing, print_listing
from orchestrator.cli.shell import err, guard, out, read_settings

file_option = click.option(
    "--file",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The file; by default KEYS_FILE names it.",
)


@click.group()
def keys() -> None:
    """Give keys to others, list them, take them back. A running server follows within a second."""


@keys.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice([scope.value for scope in Scope]),
    help="What it is for; may be repeated. By default `run`.",
)
@click.option(
    "--weight",
    type=click.IntRange(1, MOST_WEIGHT),
    default=1,
    help="Its part of the slots when all are wanted.",
)
@click.option("--max-jobs", type=click.IntRange(0, MOST_JOBS), default=0, help="Most jobs at once.")
@click.option(
    "--rate", type=click.IntRange(0, MOST_RATE), default=0, help="Most submissions a minute."
)
@file_option
def new(  # noqa: PLR0913 - a key has that many properties
    name: str,
    *,
    scopes: tuple[str, ...],
    weight: int,
    max_jobs: int,
    rate: int,
    path: Path | None,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    from orchestrator.cli.key_file import Rights, add_key

    file = _file(path)
    rights = Rights(tuple(map(Scope, scopes)) or (Scope.RUN,), weight, max_jobs, rate)
    key = guard(lambda: add_key(file, name, rights))
    click.echo(key)
    err.print(f"{name} is in {file}. The key is shown this once.", highlight=False, markup=False)


@keys.command("list")
@file_option
def list_(path: Path | None) -> None:
    """List the keys: what they are called, and what they may."""
    file = _file(path)
    found = guard(lambda: read_keys(file))
    for remark in found.remarks:
        err.print(f"warning: {remark}", highlight=False, markup=False)
    rows = (
        [
            key.name,
            key.weight,
            key.max_jobs or "",
            key.rate or "",
            " ".join(sorted(key.scopes)),
            key.digest.hex()[:SHOWN],
        ]
        for key in found.keys
    )
    print_listing(make_listing("name weight max_jobs rate scopes sha256", rows), out)


@keys.command()
@click.argument("name")
@file_option
def revoke(name: str, path: Path | None) -> None:
    """Take a key back. Its jobs under way end, too."""
    from orchestrator.cli.key_file import remove_key

    file = _file(path)
    guard(lambda: remove_key(file, name))
    err.print(f"{name} is no key any more.", highlight=False, markup=False)


def _file(path: Path | None) -> Path:
    found = path or read_settings(log_level="warning").keys_path
    if found is None:
        raise click.UsageError("which file? --file, or the setting KEYS_FILE")
    return found
