"""`GET /languages`: public, what a client's picker needs."""

from __future__ import annotations

from aiohttp import web

from orchestrator.api.answers.models.base import as_json
from orchestrator.api.answers.models.service import Language, LanguageLimits, Languages
from orchestrator.api.keys import SERVICE, SETTINGS
from orchestrator.languages.model import InstalledLanguage
from orchestrator.settings import Settings


async def list_languages(request: web.Request) -> web.Response:
    """The languages served, in the server's order."""
    settings = request.app[SETTINGS]
    shown = [_describe(each, settings) for each in served(request.app)]
    return web.json_response(as_json(Languages.model_construct(languages=shown)))


def served(app: web.Application) -> tuple[InstalledLanguage, ...]:
    """What a job may be in right now."""
    return tuple(app[SERVICE].catalog)


def _describe(installed: InstalledLanguage, settings: Settings) -> Language:
    """A language with the limits that a run of it has when nothing else is asked for."""
    language = installed.language
    return Language.model_construct(
        id=language.id,
        name=language.name,
        version=installed.version,
        aliases=list(language.aliases),
        dialects={name: list(args) for name, args in language.dialects.items()},
        extensions=list(language.source.extensions),
        compiled=language.compile is not None,
        limits=LanguageLimits.model_construct(
            wall_ms=settings.execution_timeout,
            memory_mb=language.limits.memory_mb,
            processes=language.limits.processes,
        ),
    )
