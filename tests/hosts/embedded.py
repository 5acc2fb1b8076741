"""In a guest: a server with an engine of its own, whose limits must hold, with swap on the machine.

`python -m tests.hosts.embedded COMMAND...`: the command runs Python's stdin where the engine is.
Prints what it met; any assertion that fails ends it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.docker.small_programs import LANGUAGES, source

URL = "http://127.0.0.1:3000"
KEY = os.environ.get("API_KEY", "development")
HEALTHY_S = 1800
TIMEOUT_MS = 60_000
HELD = """
held = bytearray(150 << 20)
for each in range(0, len(held), 4096):
    held[each] = 1
print("held")
"""


def say(text: str) -> None:
    print(f"==> {text}", flush=True)  # noqa: T201 - that is what it is for


def ask(path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """The answer, whatever its status; `{}` where there is none."""
    data = json.dumps(body).encode() if body is not None else None
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    try:
        with urlopen(Request(URL + path, data, headers), timeout=300) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
    except HTTPError as err:
        found = json.load(err)
    except OSError:
        found = {}
    return found


def until_healthy() -> None:
    started, last = time.monotonic(), ""
    while True:
        answer = ask("/health")
        reason = str(answer.get("reason") or answer.get("status") or "no answer")
        after = time.monotonic() - started
        if reason != last:
            say(f"{after:6.1f} s  {reason}")
            last = reason
        if answer.get("status") == "healthy":
            return
        assert after < HEALTHY_S, reason
        time.sleep(1)


def hello() -> None:
    for language in LANGUAGES:
        code = source(language, "print", b"hello")
        answer = ask("/execute", {"language": language, "code": code, "timeout": TIMEOUT_MS})
        assert answer.get("output") == "hello", answer
    say(f"hello in {', '.join(LANGUAGES)}")


def memory_limit_holds() -> None:
    body = {"language": "python", "code": HELD, "timeout": TIMEOUT_MS}
    for limit, verdict in ((64, "memory_limit"), (256, "accepted")):
        answer = ask("/execute", body | {"limits": {"memory_mb": limit}})
        assert answer.get("status") == verdict, answer
        say(f"150 MB touched under {limit} MB: {answer['status']}")


def kills_are_seen(command: list[str]) -> None:
    probe = (Path(__file__).parent / "oom_seen.py").read_bytes()
    done = subprocess.run(command, input=probe, capture_output=True, check=False)
    assert done.returncode == 0, (done.stdout, done.stderr)
    say(f"the engine says so of killed containers: {done.stdout.decode().strip()}")


def main(command: list[str]) -> None:
    say("swap: " + " ".join(Path("/proc/swaps").read_text().splitlines()[1:] or ["none"]))
    until_healthy()
    hello()
    memory_limit_holds()
    kills_are_seen(command)


if __name__ == "__main__":
    main(sys.argv[1:])
