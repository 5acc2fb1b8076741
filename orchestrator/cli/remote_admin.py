"""What an admin asks of a remote server, request by request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal

from codebae_runner_client import AsyncAdmin, Retries, RunnerError
from rich.console import Console

from orchestrator.cli import logs
from orchestrator.cli.build_outcomes import LanguageOutcome, check_outcomes, print_outcomes
from orchestrator.cli.listing import Listing, print_listing
from orchestrator.cli.remote_errors import RemoteError, segment, to_remote_error, understood
from orchestrator.cli.server import Server
from orchestrator.cli.tables import (
    Json,
    build_listings,
    builds_listing,
    jobs_listing,
    languages_listing,
    print_json,
)
from orchestrator.printable import printable_line

ONCE = Retries(times=0)
"""Whoever types a command sees at once that the server can't be spoken to."""


Action = Literal["rollback", "enable", "disable"]


@asynccontextmanager
async def administer(server: Server) -> AsyncIterator[AsyncAdmin]:
    """Speak to `server`; nothing is sent yet. Raises RemoteError for whatever the client raises."""
    try:
        async with AsyncAdmin(server.url, server.key, retries=ONCE) as admin:
            yield admin
    except RunnerError as err:
        raise to_remote_error(err, server.url) from err


async def list_languages(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the languages. Raises RemoteError, as all of these do."""
    async with administer(server) as admin:
        answer = {"languages": await admin.languages()}
    _show(answer, languages_listing, out, as_json=as_json)


async def list_builds(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the builds."""
    async with administer(server) as admin:
        answer = {"builds": await admin.builds()}
    _show(answer, builds_listing, out, as_json=as_json)


async def list_jobs(server: Server, out: Console, *, as_json: bool) -> None:
    """Print the jobs under way."""
    async with administer(server) as admin:
        answer = await admin.jobs()
    _show(answer, jobs_listing, out, as_json=as_json)


async def show_build(server: Server, build_id: str, out: Console, *, as_json: bool) -> None:
    """Print a build and what was tried in it."""
    async with administer(server) as admin:
        build = await admin.build(await find_id(admin, "builds", build_id))
    _show(build, build_listings, out, as_json=as_json)


async def show_log(
    server: Server, build_id: str, out: Console, err: Console, *, as_json: bool
) -> None:
    """Print a build's log to its end. Raises RemoteError also when the build does not succeed."""
    async with administer(server) as admin:
        whole = await find_id(admin, "builds", build_id)
        await logs.show_log(admin, whole, out, err, as_json=as_json)


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
        async with administer(server) as admin:
            for language_id in ids:
                build = logs.rebuild(admin, language_id, out, err, no_cache=no_cache)
                outcomes.append(await build)
    finally:
        if outcomes:
            print_outcomes(outcomes, out)
    check_outcomes(outcomes)


async def change_language(server: Server, language_id: str, action: Action, out: Console) -> None:
    """Roll it back, enable or disable it; print what it is then."""
    segment(language_id)
    async with administer(server) as admin:
        changes = {"rollback": admin.roll_back, "enable": admin.enable, "disable": admin.disable}
        changed = await changes[action](language_id)
    with understood():
        current = changed["current"]
        version = f", {current['version']}" if current else ""
        _say(out, f"{changed['id']}: {changed['state']}{version}")


async def cancel_build(server: Server, build_id: str, out: Console) -> None:
    """End a build."""
    async with administer(server) as admin:
        whole = await find_id(admin, "builds", build_id)
        await admin.cancel_build(whole)
    _say(out, f"{whole}: is being cancelled")


async def end_job(server: Server, job_id: str, out: Console) -> None:
    """End a job."""
    async with administer(server) as admin:
        whole = await find_id(admin, "jobs", job_id)
        await admin.end_job(whole)
    _say(out, f"{whole}: ended")


async def drain(server: Server, out: Console, *, off: bool) -> None:
    """Have no more jobs taken, or have them taken again."""
    async with administer(server) as admin:
        answer = await (admin.resume() if off else admin.drain())
    state = "no more jobs are taken" if answer["draining"] else "jobs are taken"
    _say(out, f"{server.url}: {state}; {answer['activeJobs']} under way")


async def find_id(admin: AsyncAdmin, kind: Literal["jobs", "builds"], beginning: str) -> str:
    """The one id among the server's `kind` that begins so.

    `beginning` itself where none does: the server says so then. Raises RemoteError where several
    do.
    """
    segment(beginning)  # what can't be one is not looked for
    known = (await admin.jobs())["jobs"] if kind == "jobs" else await admin.builds()
    with understood():
        ids = [segment(str(each["id"])) for each in known]
    found = [each for each in ids if each.startswith(beginning)]
    if beginning in found or not found:
        return beginning
    if len(found) > 1:
        raise RemoteError(f"{beginning} may be any of {', '.join(sorted(found))}")
    return found[0]


def _show(
    answer: Mapping[str, Any],
    to_listing: Callable[[Json], Listing | Sequence[Listing]],
    out: Console,
    *,
    as_json: bool,
) -> None:
    shown = dict(answer)
    if as_json:
        print_json(shown, out)
        return
    with understood():
        found = to_listing(shown)
    for listing in found if isinstance(found, Sequence) else (found,):
        print_listing(listing, out)


def _say(out: Console, text: str) -> None:
    out.print(printable_line(text), markup=False, highlight=False, soft_wrap=True)
