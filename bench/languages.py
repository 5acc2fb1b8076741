"""`python -m bench.languages [ID...]`: the table of languages, and what a hello takes in each."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console

from bench.context import EXPECTED, Context, Options
from bench.machine import describe_machine
from bench.server import Server, running_server
from bench.summary import percentile
from orchestrator.engine.client import EngineClient
from orchestrator.errors import ConfigurationError, RunnerError
from orchestrator.images.description import describe_image
from orchestrator.images.store import ImageStore
from orchestrator.languages.model import InstalledLanguage, LanguageFolder, Sample
from orchestrator.languages.registry import load_folders
from orchestrator.settings import Settings, load_settings

STATE = Path(".state/bench")
PAGE = Path(__file__).parents[1] / "docs" / "reference" / "languages.md"

out = Console()


@dataclass(frozen=True, slots=True)
class Row:
    """A language; times in ms as its client has them, None where they could not be measured."""

    installed: InstalledLanguage
    pooled_ms: float | None
    cold_ms: float | None

    @property
    def cells(self) -> tuple[str, ...]:
        """As the table has them."""
        language = self.installed.language
        is_own = language.id == language.image_owner
        size = f"{self.installed.size_bytes / 1e6:.0f}" if is_own else f"`{language.image_owner}`'s"
        times = (f"{ms:.0f}" if ms is not None else "" for ms in (self.pooled_ms, self.cold_ms))
        return (f"`{language.id}`", language.name, self.installed.version, size, *times)


def to_page(rows: Sequence[Row], machine: str, samples: int) -> str:
    """docs/reference/languages.md."""
    table = "\n".join(f"| {' | '.join(row.cells)} |" for row in rows)
    return f"""# Languages

Made by `make languages-table`: what the images report of themselves, and how long a client waited
for the answer to a hello, compiled anew: the median of {samples}, one at a time, with a sandbox
that was waiting (pooled) and without one (cold). On {machine}.
A variant is on its folder's image. Images share layers: together they take less than the sum.
[Names that set a standard, and what programs find](programs.md);
[adding a language](../howto/add-a-language.md).

| id | name | version | image, MB | pooled, ms | cold, ms |
|---|---|---|---|---|---|
{table}
"""


async def measure(settings: Settings, ids: Sequence[str], samples: int) -> tuple[list[Row], str]:
    """A row for every language of the folders `ids`, and the machine in a few words.

    Raises RunnerError where there is nothing to be measured.
    """
    engine = EngineClient(settings.docker_host, timeout_s=settings.engine_timeout, threads=4)
    try:
        machine = describe_machine(await engine.info())
        rows: list[Row] = []
        images = await ImageStore(engine).read()
        for folder in load_folders(settings.images_dir, ids):
            image = images[folder.id].current if folder.id in images else None
            installed = {
                each.language.id: each
                for each in describe_image(settings.images_dir, folder.id, image).languages
            }
            if not installed:
                raise ConfigurationError(f"no image for {folder.id}: `languages build` makes one")
            context = Context(Options(samples), settings, engine, installed, STATE, out)
            rows += await _measure_folder(context, folder)
    finally:
        await engine.close()
    return rows, f"{machine['cpu']}, {machine['cores']} cores"


async def _measure_folder(context: Context, folder: LanguageFolder) -> list[Row]:
    hellos = {each.language: each for each in folder.samples if each.name == "hello"}
    times: dict[str, dict[str, float]] = {"1": {}, "0": {}}
    for pool, found in times.items():
        own = {"LANGUAGES": folder.id, "POOL": pool, "COMPILE_CACHE_MB": "0"}
        with context.step(f"{folder.id}, a pool of {pool}"):
            async with running_server(context, "languages", **own) as server:
                for language_id, hello in hellos.items():
                    found[language_id] = await _median(context, server, hello)
    rows = [Row(context.installed[i], times["1"].get(i), times["0"].get(i)) for i in hellos]
    for row in rows:
        context.say("  ".join(row.cells))
    return rows


async def _median(context: Context, server: Server, hello: Sample) -> float:
    """Of requests one at a time, the machine at rest before each; the first isn't counted."""
    request = {"language": hello.language, "code": hello.files[0].content.decode()}
    found = []
    for _ in range(context.options.samples + 1):
        await server.settle()
        found.append((await server.execute(request)).ms)
    return percentile(found[1:], 50)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("ids", nargs=-1)
@click.option("--samples", type=click.IntRange(1), default=15, help="Of each time.")
def main(ids: tuple[str, ...], samples: int) -> None:
    """Measure the languages IDS; without any all of them, for docs/reference/languages.md."""
    STATE.mkdir(parents=True, exist_ok=True)
    try:
        rows, machine = asyncio.run(measure(load_settings(), ids or ("all",), samples))
    except EXPECTED as error:
        known = isinstance(error, RunnerError)
        out.print(f"[bold red]error:[/] {error}" if known else repr(error), highlight=False)
        sys.exit(1)
    if not ids:
        PAGE.write_text(to_page(rows, machine, samples), "utf-8")


if __name__ == "__main__":
    main()
