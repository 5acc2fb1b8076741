"""The commands that only a running server can obey: `builds …`, `jobs …`, `drain`."""

from __future__ import annotations

import click

from orchestrator.cli.server import Server, server_options
from orchestrator.cli.shell import err, out, run

for_admins = server_options("ADMIN_KEY", needs_server=True)
as_json_option = click.option("--json", "as_json", is_flag=True, help="The answer as it is.")


@click.group()
def builds() -> None:
    """Show a server's builds, follow one, end one.

    An ID may be as short as it is unique.
    """


@builds.command("list")
@for_admins
@as_json_option
def list_builds(server: Server, *, as_json: bool) -> None:
    """List the builds under way and the latest ones."""
    from orchestrator.cli import remote_admin

    run(remote_admin.list_builds(server, out, as_json=as_json))


@builds.command("show")
@click.argument("id_", metavar="ID")
@for_admins
@as_json_option
def show_build(server: Server, id_: str, *, as_json: bool) -> None:
    """Show a build, and what was tried in it."""
    from orchestrator.cli import remote_admin

    run(remote_admin.show_build(server, id_, out, as_json=as_json))


@builds.command("log")
@click.argument("id_", metavar="ID")
@for_admins
@as_json_option
def show_log(server: Server, id_: str, *, as_json: bool) -> None:
    """Print a build's log, to its end; exit with 0 when the build has succeeded."""
    from orchestrator.cli import remote_admin

    run(remote_admin.show_log(server, id_, out, err, as_json=as_json))


@builds.command("cancel")
@click.argument("id_", metavar="ID")
@for_admins
def cancel_build(server: Server, id_: str) -> None:
    """End a build; what is served stays as it is."""
    from orchestrator.cli import remote_admin

    run(remote_admin.cancel_build(server, id_, out))


@click.group()
def jobs() -> None:
    """Show a server's jobs, end one.

    An ID may be as short as it is unique.
    """


@jobs.command("list")
@for_admins
@as_json_option
def list_jobs(server: Server, *, as_json: bool) -> None:
    """List the jobs under way."""
    from orchestrator.cli import remote_admin

    run(remote_admin.list_jobs(server, out, as_json=as_json))


@jobs.command("end")
@click.argument("id_", metavar="ID")
@for_admins
def end_job(server: Server, id_: str) -> None:
    """End a job: its caller is told that it was cancelled."""
    from orchestrator.cli import remote_admin

    run(remote_admin.end_job(server, id_, out))


@click.command()
@click.option("--off", is_flag=True, help="Take jobs again.")
@for_admins
def drain(server: Server, *, off: bool) -> None:
    """Have a server take no more jobs; those under way go on."""
    from orchestrator.cli import remote_admin

    run(remote_admin.drain(server, out, off=off))
