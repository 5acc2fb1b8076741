"""What an admin asks of a remote server, request by request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.console import Console

from orchestrator.cli import logs
from orchestrator.cli.build_outcomes import LanguageOutcome, check_outcomes, print_outcomes
from orchestrator.cli.listing import Listing, print_listing
from orchestrator.cli.remote import Json, Remote, RemoteError, connect, segment, understood
from orchestrator.cli.server import Server
from orchestrator.cli.tables import (
    build_listings,
    builds_listing,
    jobs_listing,
    languages_listing,
    print_json,
)
from orchestrator.printable import printable_line


async def list_languages(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the languages. Raises RemoteError, as all of these do."""
    await _show(server, "/admin/languages", languages_listing, out, as_json=as_json)


async def list_builds(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the builds."""
    await _show(server, "/admin/builds", builds_listing, out, as_json=as_json)


async def list_jobs(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the jobs under way."""
    await _show(server, "/admin/jobs", jobs_listing, out, as_json=as_json)


async def show_build(server: Server, build_id: str, out: Console, *, as_json: bool) -> None:
    """Print a build and what was tried in it."""
    async with connect(server) as remote:
        whole = await find_id(remote, "builds", build_id)
    await _show(server, f"/admin/builds/{whole}", build_listings, out, as_json=as_json)


async def show_log(
    server: Server, build_id: str, out: Console, err: Console, *, as_json: bool
) -> None:
    """Print a build's log to its end. Raises RemoteError also when the build does not succeed."""
    async with connect(server) as remote:
        whole = await find_id(remote, "builds", build_id)
        await logs.show_log(remote, whole, out, err, as_json=as_json)


async def rebuild(
    server: Server, ids: Sequence[str], out: Console, err: Console, *, no_cache: bool = False
) -> None:
    """Rebuild languages one after the other, whatever becomes of each; a table at the end.

    Raises RebuildError when one did not succeed, and RemoteError at once when the server can't be
    spoken to any more.
    """
    for language_id in ids:
        segment(language_id)
    outcomes: list[LanguageOutcome] = []
    try:
        async with connect(server) as remote:
            for language_id in ids:
                build = logs.rebuild(remote, language_id, out, err, no_cache=no_cache)
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
    async with connect(server) as remote:
        whole = await find_id(remote, "builds", build_id)
        await remote.ask("DELETE", f"/admin/builds/{whole}")
    _say(out, f"{whole}: is being cancelled")


async def end_job(server: Server, job_id: str, out: Console) -> None:
    """End a job."""
    async with connect(server) as remote:
        whole = await find_id(remote, "jobs", job_id)
        await remote.ask("DELETE", f"/admin/jobs/{whole}")
    _say(out, f"{whole}: ended")


async def drain(server: Server, out: Console, *, off: bool) -> None:
    """Have no more jobs taken, or have them taken again."""
    answer = await _ask(server, "DELETE" if off else "POST", "/admin/drain")
    with understood():
        state = "no more jobs are taken" if answer["draining"] else "jobs are taken"
        _say(out, f"{server.url}: {state}; {int(answer['activeJobs'])} under way")


async def find_id(remote: Remote, kind: str, beginning: str) -> str:
    """The one id among the server's `kind` (`jobs`, `builds`) that begins so, as a path's segment.

    `beginning` itself where none does: the server says so then. Raises RemoteError where several
    do.
    """
    segment(beginning)  # what can't be one is not looked for
    answer = await remote.ask("GET", f"/admin/{kind}")
    with understood():
        ids = [segment(str(each["id"])) for each in answer[kind]]
    found = [each for each in ids if each.startswith(beginning)]
    if beginning in found or not found:
        return beginning
    if len(found) > 1:
        raise RemoteError(f"{beginning} may be any of {', '.join(sorted(found))}")
    return found[0]


async def _ask(server: Server, method: str, path: str) -> Json:
    async with connect(server) as remote:
        return await remote.ask(method, path)


async def _show(
    server: Server,
    path: str,
    to_listing: Callable[[Json], Listing | Sequence[Listing]],
    out: Console,
    *,
    as_json: bool,
) -> None:
    answer = await _ask(server, "GET", path)
    if as_json:
        print_json(answer, out)
        return
    with understood():
        found = to_listing(answer)
    for listing in found if isinstance(found, Sequence) else (found,):
        print_listing(listing, out)


def _say(out: Console, text: str) -> None:
    out.print(printable_line(text), markup=False, highlight=False, soft_wrap=True)
