"""Runs one command in a container of an image, and removes the container."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import suppress

import requests
from docker import APIClient
from docker import errors as docker_errors

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import EngineError

RUN_DEADLINE_S = 120
"""Such a command takes a second, but the machine may be busy."""
RUN_MEMORY_BYTES = 512 << 20
MAX_LINE = 300


async def run_one_off(engine: EngineClient, image: str, command: Sequence[str]) -> str:
    """Run `command` in a fresh container of `image`; return the last 100 lines it printed.

    For our own commands only: it has no network, no capabilities, 512 MB and two minutes, but none
    of a sandbox's other protections. Raises EngineError when it fails or does not end in time.
    """

    def run(api: APIClient) -> str:
        name = f"codebae-once-{secrets.token_hex(6)}"
        try:
            api.create_container_from_config(_container_config(image, command), name)  # type: ignore[no-untyped-call]
            api.start(name)
            code = _exit_code(api, name)
            text = bytes(api.logs(name, tail=100)).decode("utf-8", "replace")
        finally:
            # Also after a create that timed out here and may have succeeded there.
            with suppress(docker_errors.NotFound):
                api.remove_container(name, force=True, v=True)
        if code:
            last = text.strip().rpartition("\n")[2][:MAX_LINE]
            raise EngineError(f"{' '.join(command)}: exit status {code}: {last}")
        return text

    return await engine.call(run, deadline_s=2 * RUN_DEADLINE_S)


def _exit_code(api: APIClient, name: str) -> int:
    try:
        return int(api.wait(name, timeout=RUN_DEADLINE_S)["StatusCode"])
    except (requests.ReadTimeout, requests.ConnectionError) as err:
        raise EngineError(f"The command did not end in {RUN_DEADLINE_S} s") from err


def _container_config(image: str, command: Sequence[str]) -> Json:
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": list(command),
        "User": "65534:65534",
        "NetworkDisabled": True,
        # These labels let a sweep remove it if this process dies first.
        "Labels": {
            "codebae.instance": "languages-build",
            "codebae.deadline": str(int(time.time()) + 2 * RUN_DEADLINE_S),
        },
        "HostConfig": {
            "NetworkMode": "none",
            "Memory": RUN_MEMORY_BYTES,
            "MemorySwap": RUN_MEMORY_BYTES,
            "PidsLimit": 256,
            "CapDrop": ["ALL"],
            "SecurityOpt": ["no-new-privileges"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m", "max-file": "1"}},
        },
    }
