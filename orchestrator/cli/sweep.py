"""`sweep`: what a crashed server or command left behind, removed by hand."""

from __future__ import annotations

from rich.console import Console

from orchestrator.components import open_components, open_components_beside
from orchestrator.errors import StateInUseError
from orchestrator.sandbox.instance import has_instance
from orchestrator.settings import Settings


async def sweep(settings: Settings, out: Console) -> None:
    """Remove this instance's containers, and any past its deadline.

    While a server runs, its containers are at work, and what it has left it sweeps itself: then
    only those past their deadline are removed. Where no server has been, there are no others, and
    the state directory stays as new as it is.
    """
    if not has_instance(settings.state_dir):
        async with open_components_beside(settings) as components:
            out.print(f"Removed {_count(await components.backend.sweep())}")
        return
    try:
        async with open_components(settings) as components:
            out.print(f"Removed {_count(await components.backend.sweep())}")
    except StateInUseError:
        async with open_components_beside(settings) as components:
            count = await components.backend.sweep()
        out.print(
            f"Removed {_count(count)} past their deadline; "
            f"a server uses {settings.state_dir}, and sweeps its own itself",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )


def _count(number: int) -> str:
    return f"{number} container{'' if number == 1 else 's'}"
