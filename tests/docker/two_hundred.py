"""The same two hundred programs: what they come to alone, and with every slot busy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.docker.sample_requests import sample_requests
from tests.docker.small_programs import source as small_source
from tests.docker.test_limits import CASES, source
from tests.hostile import corpus
from tests.problems_support import load as load_problems
from tests.speeds import one_in

COUNT = 200
NEAR = 0.7
"""A program that needs more of its limit than this may come to either side of it."""
LANGUAGES = ("c", "cpp", "java", "python")

Json = dict[str, Any]


@dataclass(frozen=True)
class Named:
    """A body of `POST /execute`, and what it is called."""

    name: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Seen:
    """What a program came to: its own verdict and its tests', each with what ended it."""

    verdicts: tuple[str, ...]
    share: float
    """How much of a time limit it used, by itself, at most; 0 where a limit ended it."""

    @property
    def is_near(self) -> bool:
        """Whether its own need of time is so near its limit that either may come first."""
        return self.share >= NEAR


def two_hundred() -> list[Named]:
    """All languages, all verdicts; first those that work for a while: it is about them."""
    named = [*_workers(), *_limits(), *_samples(), *_hostile(), *_problems()]
    assert len(named) >= COUNT
    return named[:COUNT]


_WORK = {
    "c": """#define _GNU_SOURCE
#include <stdio.h>
#include <time.h>
int main(void) {
    volatile unsigned long n = 0;
    while (clock() < %d * (CLOCKS_PER_SEC / 1000)) n++;
    puts("done");
}""",
    "java": """public class Main {
    public static void main(String[] args) {
        var bean = java.lang.management.ManagementFactory.getThreadMXBean();
        long n = 0;
        while (bean.getCurrentThreadCpuTime() < %d * 1000000L)
            for (int i = 0; i < 9999; i++) n += i;
        System.out.println(n > 0 ? "done" : "");
    }
}""",
    "python": """import time
while time.process_time() < %d / 1000:
    for _ in range(9999): pass
print("done")""",
}
_WORK["cpp"] = _WORK["c"].replace("#define _GNU_SOURCE\n", "")


def _workers() -> list[Named]:
    """Programs that need a share of their time limit, with and without tests."""
    named = []
    for language in LANGUAGES:
        for timeout in (1500, 3000):
            for percent in (10, 25, 45):
                code = _WORK[language] % (timeout * percent // 100)
                body: Json = {"language": language, "code": code, "timeout": timeout}
                named.append(Named(f"{language} works {percent} % of {timeout} ms", body))
        tested = {"tests": [{"input": "", "expected": "done\n"}] * 2, "timeout": 1000}
        body = {"language": language, "code": _WORK[language] % 450, **tested}
        named.append(Named(f"{language} works, twice", body))
        idle: Json = {"language": language, "code": small_source(language, "sleep", b"asleep")}
        named.append(Named(f"{language} sleeps", idle | {"limits": {"wall_ms": 3000}}))
    return named


def _limits() -> list[Named]:
    return [
        Named(
            f"{language} {case.program} {number}",
            {"language": language, "code": source(language, case.program), **case.request},
        )
        for number, case in enumerate(CASES)
        for language in case.languages
    ]


def _samples() -> list[Named]:
    return [Named(f"sample {name}", body) for name, body in sample_requests().items()]


def _hostile() -> list[Named]:
    """Those that have one outcome, and measure nothing of the machine's."""
    programs = [each for each in corpus.load() if len(each.allowed) == 1]
    return [
        Named(
            f"hostile {each.name}",
            {"language": each.language, "files": each.files(), **each.requests[0]},
        )
        for each in one_in(4, programs)
    ]


def _problems() -> list[Named]:
    return [Named(f"problem {case.id}", case.body) for case in one_in(3, load_problems())]


def look(answer: Json) -> Seen:
    """What is to be the same, of an answer."""
    stages = [answer["compile"], answer["run"], *(answer["tests"] or ())]
    ends = [(stage["status"], stage["killed_by"]) for stage in stages if stage is not None]
    return Seen((answer["status"], *(f"{status}/{cause}" for status, cause in ends)), 0.0)


def look_alone(named: Named, answer: Json) -> Seen:
    """The same, with how near it came to its limits of time."""
    timeout = named.body.get("timeout", 5000)
    limits = named.body.get("limits") or {}
    cpu_ms = limits.get("cpu_ms") or limits.get("wall_ms") or timeout
    wall_ms = limits.get("wall_ms") or (3 * timeout if answer["tests"] is not None else timeout)
    stages = [each for each in (answer["run"], *(answer["tests"] or ())) if each is not None]
    shares = [0.0]
    for stage in stages:
        if stage["status"] != "time_limit":
            shares.append((stage["cpu_ms"] or 0) / cpu_ms)
            if not stage["wall_given_back_ms"]:  # else others had a part in it
                shares.append((stage["wall_ms"] or 0) / wall_ms)
    return Seen(look(answer).verdicts, max(shares))
