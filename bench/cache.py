"""(a) The same program again: its compile is remembered."""

from __future__ import annotations

from bench.context import Context
from bench.programs import HELLOS
from bench.server import Answer, Server, running_server
from bench.summary import percentile

LANGUAGES = ("cpp", "java")
SETTINGS = {"POOL": "2", "COMPILE_CACHE_MB": "64"}


async def measure_cache(context: Context) -> None:
    """Figures `cache.LANGUAGE.…`: end to end, and the run stage alone, of the same jobs."""
    settings = {**context.options.overrides, **SETTINGS, "LANGUAGES": ",".join(LANGUAGES)}
    async with running_server(context, "cache", **settings) as server:
        for language in LANGUAGES:
            with context.step(f"compile cache: {language}"):
                await _measure(context, server, language)


async def _measure(context: Context, server: Server, language: str) -> None:
    request = HELLOS[language].request
    await server.execute(request)  # fills the cache
    answers: list[Answer] = []
    for _ in range(context.options.samples):
        await server.settle()
        answers.append(await server.execute(request))
    book, name = context.book, f"cache.{language}"
    book.put_percentiles(f"{name}.e2e", [answer.ms for answer in answers])
    for stage in ("compile", "run"):
        book.put_percentiles(f"{name}.{stage}", [answer.timing(stage) for answer in answers])
    pooled = sum(answer.is_hit for answer in answers)
    book.put(f"{name}.pool_hits", pooled, "jobs", len(answers))
    remembered = sum(answer.body["timings"].get("compile_cache") == "hit" for answer in answers)
    book.put(f"{name}.hits", remembered, "jobs", len(answers))
    middle = percentile([answer.ms for answer in answers], 50)
    context.say(
        f"  {language}: {middle:.1f} ms, run alone {book[f'{name}.run.p50']:.1f} ms; "
        f"{remembered} of {len(answers)} remembered"
    )
