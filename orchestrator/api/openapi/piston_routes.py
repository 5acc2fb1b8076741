"""Piston's routes, by name alone: their words are Piston's (docs/reference/piston.md)."""

from __future__ import annotations

from openapi_pydantic import Operation, PathItem, Response

_SAYS = "Piston v2's, as docs/reference/piston.md has it. Its bodies are not described here."


def piston_paths() -> dict[str, PathItem]:
    """Those that Piston has; below `/piston/api/v2` and `/api/v2/piston` they are the same."""
    return {
        "/api/v2/execute": PathItem(post=_operation("pistonExecute", "Run a program")),
        "/api/v2/runtimes": PathItem(get=_operation("pistonRuntimes", "The languages")),
        "/api/v2/packages": PathItem(
            get=_operation("pistonPackages", "The languages, as packages"),
            post=_operation("pistonInstall", "Refused: packages can't be installed this way"),
            delete=_operation("pistonUninstall", "Refused: packages can't be removed this way"),
        ),
        "/api/v2/connect": PathItem(
            get=_operation("pistonConnect", "Run a program and talk to it, over a WebSocket")
        ),
    }


def _operation(name: str, summary: str) -> Operation:
    return Operation(
        tags=["Piston"],
        operationId=name,
        summary=summary,
        responses={"default": Response(description=_SAYS)},
    )
