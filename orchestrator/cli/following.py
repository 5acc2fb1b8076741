"""A build on a remote server, watched as one on this machine is."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.console import Console

from orchestrator.api.admin.wire import pretty
from orchestrator.cli.remote import Json, Remote, RemoteError, segment, understood
from orchestrator.cli.tables import print_json
from orchestrator.languages.display import build_display
from orchestrator.languages.findings import Finding
from orchestrator.printable import printable_line

if TYPE_CHECKING:
    from orchestrator.languages.build import BuildProgress

GOOD = ("succeeded", "unchanged")


async def rebuild(
    remote: Remote, language_id: str, out: Console, err: Console, *, no_cache: bool
) -> None:
    """Begin a build and show it to its end. Raises RemoteError when it does not succeed.

    Interrupting this leaves the build to itself, and says how to find it again.
    """
    body = {"no_cache": True} if no_cache else None
    build = await remote.ask("POST", f"/admin/languages/{segment(language_id)}/rebuild", body)
    with understood():
        build_id = segment(str(build["id"]))
    try:
        with build_display(out) as progress:
            result = await _show(remote, build_id, progress)
    except (asyncio.CancelledError, RemoteError):
        _say_how_to_go_on(build_id, err)
        raise
    check(result)


async def show_log(
    remote: Remote, build_id: str, out: Console, err: Console, *, as_json: bool
) -> None:
    """Print a build's log, as it grows. Raises as `rebuild` does."""
    result: Json = {}
    try:
        async for event in remote.events("GET", f"/admin/builds/{segment(build_id)}/log"):
            result = event
            if as_json:
                print_json(event, out, indent=None)
            else:
                with understood():
                    line = pretty(event)
                out.print(line, end="", markup=False, highlight=False, soft_wrap=True)
    except asyncio.CancelledError:
        _say_how_to_go_on(build_id, err)
        raise
    check(result)


async def _show(remote: Remote, build_id: str, progress: BuildProgress) -> Json:
    """Show the events as the builder's own would be; the last one."""
    event: Json = {}
    shown: set[str] = set()
    async for event in remote.events("GET", f"/admin/builds/{segment(build_id)}/log"):
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
            name, detail = printable_line(str(event["name"])), printable_line(str(event["detail"]))
            progress.found(image, Finding(name, event["passed"] is True, detail))
        case "finished":
            progress.finished(image, text.removeprefix("built").strip())
        case "failed":
            progress.failed(image, text)
        case _:
            progress.line(image, text)


def check(build: Json) -> None:
    """Raises RemoteError when the build has ended, and not well."""
    if build.get("state") not in GOOD:
        why = printable_line(str(build.get("error") or build.get("state")))
        raise RemoteError(f"{printable_line(str(build.get('language')))}: {why}")


def _say_how_to_go_on(build_id: str, err: Console) -> None:
    err.print(
        f"The build goes on without you.\n"
        f"  follow it: codebae-runner builds log {build_id}\n"
        f"  end it:    codebae-runner builds cancel {build_id}",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
