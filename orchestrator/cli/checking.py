"""`check`: the self-test as a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from orchestrator.parts import open_docker_parts
from orchestrator.settings import Settings


async def check(settings: Settings, out: Console) -> bool:
    """Run every probe in every image, remembered passes or not; True when all held."""
    table = Table(
        "language", "limit", "", "what happened", title="Do the limits bite on this engine?"
    )
    passed = True
    async with open_docker_parts(settings) as parts:
        with out.status(f"Trying the limits in {', '.join(parts.catalog.ids)}"):
            results = [result async for result in parts.prove(afresh=True)]
    for result in results:
        mark = "[green]holds[/]" if result.passed else "[bold red]FAILS[/]"
        detail = result.detail
        if result.first_try:
            detail = f"{detail} (second try; first: {result.first_try})"
        table.add_row(result.language, result.check, mark, detail)
        passed = passed and result.passed
    out.print(table)
    return passed
