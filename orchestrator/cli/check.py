"""`check`: the self-test as a table."""

from __future__ import annotations

from rich.console import Console

from orchestrator.cli.listing import make_listing, print_listing
from orchestrator.components import open_components_beside
from orchestrator.images.check_results import second_try
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.settings import Settings

FAILS = "FAILS"


async def check(settings: Settings, out: Console) -> bool:
    """Run every probe in every image, remembered passes or not; True when all held."""
    async with open_components_beside(settings) as components:
        with out.status(f"Trying the limits in {', '.join(components.catalog.ids)}"):
            results = [result async for result in components.run_selftest(afresh=True)]
    rows = [
        (each.language, each.check, "holds" if each.passed else FAILS, _detail(each))
        for each in results
    ]
    listing = make_listing("language limit outcome detail", rows)
    print_listing(listing, out, lambda row: "bold red" if FAILS in row else "")
    return all(each.passed for each in results)


def _detail(result: ProbeResult) -> str:
    return f"{result.detail}{second_try(result.first_try)}"
