"""A build on a remote server, watched as one on this machine is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, cast

from codebae_runner_client import ApiError, AsyncAdmin, RunnerError
from rich.console import Console

from orchestrator.api.admin.wire import pretty
from orchestrator.cli.build_outcomes import BuildEnding, LanguageOutcome, twice
from orchestrator.cli.program import program
from orchestrator.cli.remote_errors import (
    RefusedError,
    RemoteError,
    segment,
    to_remote_error,
    understood,
)
from orchestrator.cli.tables import print_json
from orchestrator.images.check_results import CheckResult
from orchestrator.images.display import build_display
from orchestrator.printable import printable_line

if TYPE_CHECKING:
    from orchestrator.images.builder import BuildProgress

Json = dict[str, Any]

ENDINGS = {"succeeded": BuildEnding.BUILT, "unchanged": BuildEnding.UNCHANGED}
OF_ONE_LANGUAGE = (404, 409)
"""Refusals that say nothing of the languages to come: it is not known, or busy, or in the way."""


async def rebuild(
    admin: AsyncAdmin, language_id: str, out: Console, err: Console, *, no_cache: bool
) -> LanguageOutcome:
    """Begin a build and show it to its end; what became of it. Raises as the client does.

    Interrupting this leaves the build to itself, and says how to find it again.
    """
    try:
        build = await admin.rebuild(segment(language_id), no_cache=no_cache)
    except ApiError as refusal:
        refused = to_remote_error(refusal, admin.url)
        if not isinstance(refused, RefusedError) or refused.status not in OF_ONE_LANGUAGE:
            raise
        return LanguageOutcome(language_id, BuildEnding.FAILED, str(refused))
    build_id = segment(build["id"])
    try:
        with build_display(out) as progress:
            result = await _show(admin, build_id, progress)
    except (asyncio.CancelledError, RemoteError, RunnerError):
        _say_how_to_go_on(admin, build_id, err)
        raise
    with understood():
        return _to_outcome(admin, language_id, result)


def _to_outcome(admin: AsyncAdmin, language_id: str, build: Json) -> LanguageOutcome:
    """What became of a build that has ended; `build`: as the server tells of it."""
    state = build["state"]
    tried_twice = [
        str(each["name"]) for each in build["checks"] if each["passed"] and each.get("first_try")
    ]
    ending = ENDINGS.get(state, BuildEnding.FAILED)
    why = twice(tried_twice) if state in ENDINGS else str(build["error"] or state)
    log = _command(admin, "log", segment(str(build["id"]))) if why else ""
    return LanguageOutcome(language_id, ending, why, log)


async def show_log(
    admin: AsyncAdmin, build_id: str, out: Console, err: Console, *, as_json: bool
) -> None:
    """Print a build's log, as it grows. Raises as the client does, and RemoteError: `check`."""
    result: Json = {}
    try:
        async for event in admin.build_log(segment(build_id)):
            result = cast("Json", event)
            if as_json:
                print_json(result, out, indent=None)
            else:
                with understood():
                    line = pretty(result)
                out.print(line, end="", markup=False, highlight=False, soft_wrap=True)
    except asyncio.CancelledError:
        _say_how_to_go_on(admin, build_id, err)
        raise
    check(result)


async def _show(admin: AsyncAdmin, build_id: str, progress: BuildProgress) -> Json:
    """Show the events as the builder's own would be; the last one."""
    event: Json = {}
    shown: set[str] = set()
    async for each in admin.build_log(build_id):
        event = cast("Json", each)
        if "image" in event:
            with understood():
                show_event(event, progress, shown)
    return event


def show_event(event: Json, progress: BuildProgress, shown: set[str]) -> None:
    """Show an event of an image; `shown`: those images that `progress` has heard of."""
    image, text = printable_line(str(event["image"])), printable_line(str(event.get("text", "")))
    kind = event["event"]
    if kind not in {"started", "skipped"} and image not in shown:
        progress.started(image)  # its beginning is not kept any more
    shown.add(image)
    match kind:
        case "started":
            progress.started(image)
        case "skipped":
            progress.skipped(image)
        case "check":
            # A server of an earlier version tries nothing twice.
            words = (event["name"], event["detail"], event.get("first_try", ""))
            name, detail, first_try = (printable_line(str(each)) for each in words)
            progress.checked(image, CheckResult(name, event["passed"] is True, detail, first_try))
        case "finished":
            progress.finished(image, text.removeprefix("built").strip())
        case "failed":
            progress.failed(image, text.removeprefix("failed:").strip())
        case _:
            progress.line(image, text)


def check(build: Json) -> None:
    """Raises RemoteError when the build has ended, and not well."""
    if build.get("state") not in ENDINGS:
        why = printable_line(str(build.get("error") or build.get("state")))
        raise RemoteError(f"{printable_line(str(build.get('language')))}: {why}")


def _command(admin: AsyncAdmin, what: str, build_id: str) -> str:
    return f"{program()} builds {what} {build_id} --url {admin.url}"


def _say_how_to_go_on(admin: AsyncAdmin, build_id: str, err: Console) -> None:
    err.print(
        f"The build goes on without you.\n"
        f"  follow it: {_command(admin, 'log', build_id)}\n"
        f"  end it:    {_command(admin, 'cancel', build_id)}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
