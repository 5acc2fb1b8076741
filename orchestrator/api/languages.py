"""`GET /languages`: public, what a client's picker needs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from orchestrator.api.keys import SERVICE, SETTINGS
from orchestrator.languages.model import InstalledLanguage
from orchestrator.settings import Settings


async def list_languages(request: web.Request) -> web.Response:
    """The languages served, in the server's order."""
    settings = request.app[SETTINGS]
    languages = [_to_wire(each, settings) for each in served(request.app)]
    return web.json_response({"languages": languages})


def served(app: web.Application) -> tuple[InstalledLanguage, ...]:
    """What a job may be in right now."""
    return tuple(app[SERVICE].catalog)


def _to_wire(installed: InstalledLanguage, settings: Settings) -> dict[str, Any]:
    """A language with the limits that a run of it has when nothing else is asked for."""
    language = installed.language
    return {
        "id": language.id,
        "name": language.name,
        "version": installed.version,
        "aliases": list(language.aliases),
        "dialects": {name: list(args) for name, args in language.dialects.items()},
        "extensions": list(language.source.extensions),
        "compiled": language.compile is not None,
        "limits": {
            "wall_ms": settings.execution_timeout,
            "memory_mb": language.limits.memory_mb,
            "processes": language.limits.processes,
        },
    }
