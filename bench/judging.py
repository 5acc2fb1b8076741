"""A hundred tests in one submission, and one by one; how often two programs can speak in turns."""

from __future__ import annotations

import time

from bench.context import Context
from bench.errors import BenchError
from bench.programs import SOURCES
from bench.server import Server, running_server

TESTS = 100
EXCHANGES = 10_000
ROUNDS = 3
LANGUAGES = {"python": "sum.py", "cpp": "sum.cpp"}
SETTINGS = {"POOL": "2", "LANGUAGES": "cpp,python"}


async def measure_judging(context: Context) -> None:
    """Figures `judging.…`: ms for all tests, and exchanges per second of the submission's time."""
    settings = {**context.options.overrides, **SETTINGS}
    async with running_server(context, "judging", **settings) as server:
        for language in LANGUAGES:
            with context.step(f"tests: {language}"):
                await _measure_tests(context, server, language)
        with context.step("interaction"):
            await _measure_exchanges(context, server)


async def _measure_tests(context: Context, server: Server, language: str) -> None:
    """The same server, compile cache on: what is compared with compiles once, too."""
    program = {"language": language, "code": (SOURCES / LANGUAGES[language]).read_text("utf-8")}
    inputs = [f"{number} {number * number}\n" for number in range(TESTS)]
    await server.execute({**program, "input": inputs[0]})
    await server.settle()
    started = time.perf_counter()
    for text in inputs:
        await server.execute({**program, "input": text})
    single_ms = (time.perf_counter() - started) * 1000
    await server.settle()
    tests = [
        {"input": text, "expected": f"{number + number * number}\n"}
        for number, text in enumerate(inputs)
    ]
    started = time.perf_counter()
    events = [event async for event in server.events({**program, "tests": tests})]
    together_ms = (time.perf_counter() - started) * 1000
    result = events[-1]
    if result["status"] != "accepted":
        raise BenchError(f"{language}: {result['error']}")
    compiled = sum(event["event"] == "exit" and event["name"] == "compile" for event in events)
    book, name = context.book, f"judging.{language}"
    book.put(f"{name}.single", single_ms, "ms", TESTS)
    book.put(f"{name}.together", together_ms, "ms", TESTS)
    book.put(f"{name}.compilations", compiled, "times", TESTS)
    context.say(
        f"  {language}, {TESTS} tests: {together_ms:.0f} ms together, {single_ms:.0f} ms one by "
        f"one: x {together_ms / single_ms:.2f}; compiled {compiled} times"
    )


async def _measure_exchanges(context: Context, server: Server) -> None:
    """Each side a line of a few characters, flushed; the best of some rounds is what it can do."""
    request = {
        "language": "cpp",
        "code": (SOURCES / "answers.cpp").read_text("utf-8"),
        "timeout": 30_000,
        "tests": [{"input": f"{EXCHANGES}\n"}],
        "interactor": {"language": "cpp", "code": (SOURCES / "asks.cpp").read_text("utf-8")},
    }
    await server.execute(request)  # fills the cache
    rates = []
    for _ in range(ROUNDS):
        await server.settle()
        answer = await server.execute(request)
        wall_ms = answer.body["tests"][0]["wall_ms"]
        rates.append(EXCHANGES / wall_ms * 1000)
    context.book.put("judging.exchanges", max(rates), "/s", ROUNDS)
    context.say("  exchanges: " + ", ".join(f"{rate:.0f}" for rate in rates) + " /s")
