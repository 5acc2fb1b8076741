"""What an admin asks of a remote server, request by request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rich.console import Console

from orchestrator.cli import following
from orchestrator.cli.outcomes import Outcome, check_outcomes, print_outcomes
from orchestrator.cli.remote import Json, connect, segment, understood
from orchestrator.cli.server import Server
from orchestrator.cli.tables import (
    build_tables,
    builds_table,
    jobs_table,
    languages_table,
    print_json,
)
from orchestrator.printable import printable_line

if TYPE_CHECKING:
    from rich.table import Table


async def list_languages(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the languages. Raises RemoteError, as all of these do."""
    await _show(server, "/admin/languages", languages_table, out, as_json=as_json)


async def list_builds(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the builds."""
    await _show(server, "/admin/builds", builds_table, out, as_json=as_json)


async def list_jobs(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the jobs under way."""
    await _show(server, "/admin/jobs", jobs_table, out, as_json=as_json)


async def show_build(server: Server, build_id: str, out: Console, *, as_json: bool) -> None:
    """Print a build and what was tried in it."""
    path = f"/admin/builds/{segment(build_id)}"
    await _show(server, path, build_tables, out, as_json=as_json)


async def show_log(
    server: Server, build_id: str, out: Console, err: Console, *, as_json: bool
) -> None:
    """Print a build's log to its end. Raises RemoteError also when the build does not succeed."""
    async with connect(server) as remote:
        await following.show_log(remote, build_id, out, err, as_json=as_json)


async def rebuild(
    server: Server, ids: Sequence[str], out: Console, err: Console, *, no_cache: bool = False
) -> None:
    """Rebuild languages one after the other, whatever becomes of each; a table at the end.

    Raises RebuildError when one did not succeed, and RemoteError at once when the server can't be
    spoken to any more.
    """
    for language_id in ids:
        segment(language_id)
    outcomes: list[Outcome] = []
    try:
        async with connect(server) as remote:
            for language_id in ids:
                build = following.rebuild(remote, language_id, out, err, no_cache=no_cache)
                outcomes.append(await build)
    finally:
        if outcomes:
            print_outcomes(outcomes, out)
    check_outcomes(outcomes)


async def change_language(server: Server, language_id: str, action: str, out: Console) -> None:
    """`rollback`, `enable` or `disable` it; print what it is then."""
    answer = await _ask(server, "POST", f"/admin/languages/{segment(language_id)}/{action}")
    with understood():
        current = answer["current"]
        version = f", {current['version']}" if current else ""
        _say(out, f"{answer['id']}: {answer['state']}{version}")


async def cancel_build(server: Server, build_id: str, out: Console) -> None:
    """End a build."""
    await _ask(server, "DELETE", f"/admin/builds/{segment(build_id)}")
    _say(out, f"{build_id}: is being cancelled")


async def end_job(server: Server, job_id: str, out: Console) -> None:
    """End a job."""
    await _ask(server, "DELETE", f"/admin/jobs/{segment(job_id)}")
    _say(out, f"{job_id}: ended")


async def drain(server: Server, out: Console, *, off: bool) -> None:
    """Have no more jobs taken, or have them taken again."""
    answer = await _ask(server, "DELETE" if off else "POST", "/admin/drain")
    with understood():
        state = "no more jobs are taken" if answer["draining"] else "jobs are taken"
        _say(out, f"{server.url}: {state}; {int(answer['activeJobs'])} under way")


async def _ask(server: Server, method: str, path: str) -> Json:
    async with connect(server) as remote:
        return await remote.ask(method, path)


async def _show(
    server: Server,
    path: str,
    to_table: Callable[[Json], Table | Sequence[Table]],
    out: Console,
    *,
    as_json: bool,
) -> None:
    answer = await _ask(server, "GET", path)
    if as_json:
        print_json(answer, out)
        return
    with understood():
        tables = to_table(answer)
    for table in tables if isinstance(tables, Sequence) else (tables,):
        out.print(table)


def _say(out: Console, text: str) -> None:
    out.print(printable_line(text), markup=False, highlight=False, soft_wrap=True)
