"""`check`: the self-test as a table."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from orchestrator.parts import open_parts_beside
from orchestrator.settings import Settings


async def check(settings: Settings, out: Console) -> bool:
    """Run every probe in every image, remembered passes or not; True when all held."""
    table = Table(
        "language", "limit", "", "what happened", title="Do the limits bite on this engine?"
    )
    passed = True
    async with open_parts_beside(settings) as parts:
        with out.status(f"Trying the limits in {', '.join(parts.catalog.ids)}"):
            results = [result async for result in parts.prove(afresh=True)]
    for result in results:
        mark = "[green]holds[/]" if result.passed else "[bold red]FAILS[/]"
        table.add_row(result.language, result.check, mark, result.detail)
        passed = passed and result.passed
    out.print(table)
    return passed
