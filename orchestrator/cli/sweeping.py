"""`sweep`: what a crashed server left behind, removed by hand."""

from __future__ import annotations

from rich.console import Console

from orchestrator.parts import open_docker_parts
from orchestrator.settings import Settings


async def sweep(settings: Settings, out: Console) -> None:
    """Remove this instance's containers, and any past its deadline. Refuses while a server runs."""
    async with open_docker_parts(settings) as parts:
        count = await parts.backend.sweep()
    out.print(f"Removed {count} container{'' if count == 1 else 's'}")
