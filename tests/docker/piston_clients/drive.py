"""Runs the same programs through one of Piston's clients, and prints what it made of the answers.

    drive.py CLIENT URL KEY

Is run with the Python of `.state/piston-clients`; prints one JSON object, by program.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from typing import Any

PROGRAMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "success": ("python", "print('hi')", {}),
    "runtime error": ("python", "print('so far')\nexit(3)", {}),
    "compile error": ("c++", "int main() { x }", {}),
    "compiled": ("c++", '#include <iostream>\nint main() { std::cout << "hi"; }', {}),
    "timeout": ("python", "import time; time.sleep(9)", {"run_timeout": 300}),
    "stdin": ("python", "print(input()[::-1])", {"stdin": "abc"}),
    "unknown": ("nothing", "", {}),
}


def told(run: Any, compiled: Any) -> dict[str, Any]:
    """What every client knows of a stage."""
    return {
        "output": run.output,
        "code": run.code,
        "signal": run.signal,
        "compile": None if compiled is None else compiled.code,
    }


def ultra_piston(url: str, key: str) -> dict[str, Any]:
    """The synchronous half of ultra-piston."""
    from ultra_piston import File, PistonClient, errors

    client = PistonClient(base_url=f"{url}/api/v2/", api_key=key, rate_limit=0)
    results: dict[str, Any] = {
        "runtimes": [each.language for each in client.get_runtimes()],
        "packages": [each.installed for each in client.get_packages()],
    }
    for name, (language, code, more) in PROGRAMS.items():
        try:
            answer = client.post_execute(language, "*", File(content=code), **more)
            results[name] = told(answer.run, answer.compile)
        except errors.BadRequestError:
            results[name] = "refused"
    return results


async def ultra_piston_async(url: str, key: str) -> dict[str, Any]:
    """The asynchronous half."""
    from ultra_piston import File, PistonClient, errors

    client = PistonClient(base_url=f"{url}/piston/api/v2", api_key=key, rate_limit=0)
    results: dict[str, Any] = {
        "runtimes": [each.language for each in await client.get_runtimes_async()],
        "packages": [each.installed for each in await client.get_packages_async()],
    }
    for name, (language, code, more) in PROGRAMS.items():
        try:
            answer = await client.post_execute_async(language, "*", File(content=code), **more)
            results[name] = told(answer.run, answer.compile)
        except errors.BadRequestError:
            results[name] = "refused"
    return results


async def aiopyston(url: str, key: str) -> dict[str, Any]:
    """aiopyston, whose base URL ends in a slash."""
    from pyston import File, PystonClient
    from pyston.exceptions import ExecutionError

    client = PystonClient(api_key=key, base_url=f"{url}/api/v2/")
    try:
        results: dict[str, Any] = {"runtimes": [each.language for each in await client.runtimes()]}
        for name, (language, code, more) in PROGRAMS.items():
            try:
                answer = await client.execute(language, [File(code)], **more)
                results[name] = told(answer.run_stage, answer.compile_stage)
            except ExecutionError as err:
                results[name] = str(err)
    finally:
        await client.close_session()
    return results


async def piston_rspy(url: str, key: str) -> dict[str, Any]:
    """piston-rspy: Rust below. It puts the text of a 400 into the run's stderr."""
    from piston_rspy import Client, Executor, File

    client = Client.with_url_and_key(f"{url}/api/v2", key)
    runtimes = await client.fetch_runtimes()
    results: dict[str, Any] = {"runtimes": [each.language for each in runtimes]}
    for name, (language, code, more) in PROGRAMS.items():
        executor = Executor(language=language, files=[File(content=code)], **more)
        answer = await client.execute(executor)
        is_ok = answer.is_ok()
        results[name] = told(answer.run, answer.compile) if is_ok else answer.run.stderr
    return results


CLIENTS = {
    each.__name__: each for each in (ultra_piston, ultra_piston_async, aiopyston, piston_rspy)
}


def main() -> None:
    """See above."""
    name, url, key = sys.argv[1:]
    results = CLIENTS[name](url, key)
    done = asyncio.run(results) if asyncio.iscoroutine(results) else results
    print(json.dumps(done), flush=True)
    # Python's end is not waited for: piston-rspy's threads have been seen to crash in it.
    os._exit(0)


if __name__ == "__main__":
    main()
