"""The commands `languages …`: on this machine's engine, or with `--url` on a server."""

from __future__ import annotations

import click

from orchestrator.cli.server import Server, server_options
from orchestrator.cli.shell import err, guard, out, read_settings, run

for_admins = server_options("ADMIN_KEY")


@click.group()
def languages() -> None:
    """Build the language images, roll them back, list them; here, or with --url on a server."""


@languages.command("list")
@for_admins
@click.option("--json", "as_json", is_flag=True, help="With --url: the server's answer as it is.")
def list_(server: Server | None, *, as_json: bool) -> None:
    """List the languages: version, image, aliases."""
    if server is not None:
        from orchestrator.cli.remote_admin import list_languages

        run(list_languages(server, out, as_json=as_json))
        return
    if as_json:
        raise click.UsageError("--json is of a server's answer: it needs --url")
    from orchestrator.cli.languages import run_list

    run(run_list(read_settings(log_level="warning"), out))


@languages.command()
@click.argument("ids", nargs=-1)
@for_admins
def build(server: Server | None, ids: tuple[str, ...]) -> None:
    """Build the images of the languages named, or of all in LANGUAGES; skip what is unchanged.

    When one fails the others are built all the same; a table at the end says what became of each.
    On a server each has to be named, and is rebuilt.
    """
    if server is None:
        from orchestrator.cli.builds import run_build

        run(run_build(read_settings(log_level="warning"), ids, out))
        return
    if not ids:
        raise click.UsageError("name the languages to be built on the server")
    from orchestrator.cli.remote_admin import rebuild

    run(rebuild(server, ids, out, err))


@languages.command()
@click.argument("ids", nargs=-1)
def tags(ids: tuple[str, ...]) -> None:
    """Print what a registry's images of this version are called: a name, a tab, a tag a line.

    Of the agent, the base, and the languages named, or all in LANGUAGES.
    """
    from orchestrator.cli.languages import list_tags

    settings = read_settings(log_level="warning")
    for name, tag in guard(lambda: list_tags(settings, ids)):
        click.echo(f"{name}\t{tag}")


@languages.command("rebuild")
@click.argument("ids", nargs=-1, required=True)
@click.option("--no-cache", is_flag=True, help="Run every step again, and find what is new.")
@for_admins
def rebuild_(server: Server | None, ids: tuple[str, ...], *, no_cache: bool) -> None:
    """Build new images of the languages named, changed or not; prove them, then use them."""
    if server is not None:
        from orchestrator.cli.remote_admin import rebuild

        run(rebuild(server, ids, out, err, no_cache=no_cache))
        return
    from orchestrator.cli.builds import Options, run_build

    options = Options(only_if_changed=False, no_cache=no_cache)
    run(run_build(read_settings(log_level="warning"), ids, out, options))


@languages.command()
@click.argument("id_", metavar="ID")
@for_admins
def rollback(server: Server | None, id_: str) -> None:
    """Go back to the image before."""
    from orchestrator.cli import languages as local
    from orchestrator.cli import remote_admin

    if server is not None:
        run(remote_admin.change_language(server, id_, "rollback", out))
    else:
        run(local.run_rollback(read_settings(log_level="warning"), id_, out))


@languages.command()
@click.argument("id_", metavar="ID")
@for_admins
def enable(server: Server | None, id_: str) -> None:
    """Serve a language, whether LANGUAGES names it or not."""
    from orchestrator.cli import languages as local
    from orchestrator.cli import remote_admin

    if server is not None:
        run(remote_admin.change_language(server, id_, "enable", out))
    else:
        run(local.run_enable(read_settings(log_level="warning"), id_, out))


@languages.command()
@click.argument("id_", metavar="ID")
@for_admins
def disable(server: Server | None, id_: str) -> None:
    """Serve a language no more, whatever LANGUAGES names."""
    from orchestrator.cli import languages as local
    from orchestrator.cli import remote_admin

    if server is not None:
        run(remote_admin.change_language(server, id_, "disable", out))
    else:
        run(local.run_disable(read_settings(log_level="warning"), id_, out))
