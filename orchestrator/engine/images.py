"""Building images and asking them things: the engine calls of `languages build`."""

from __future__ import annotations

import asyncio
import io
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from typing import Any

import requests
from docker import APIClient
from docker import errors as docker_errors

from orchestrator.engine.client import EngineClient, Json
from orchestrator.errors import EngineError

BUILD_DEADLINE_S = 1800
RUN_DEADLINE_S = 30
RUN_MEMORY_BYTES = 512 << 20
MAX_LINE = 300

LineSink = Callable[[str], None]

_STEP = re.compile(r"Step (\d+/\d+) : (.*)")
_EXIT_CODE = re.compile(r"returned a non-zero code: (\d+)")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")  # the classic builder paints stderr red
_CHATTER = ("--->", "Removing intermediate container")
# What compilers, apt and shells begin the one interesting line with.
_TELLING = re.compile(r"\berror:|^E: |\bfatal:|not found|No such file|\bcannot\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BuildRequest:
    """What to build: `context` is a tar with a `Dockerfile`; no `target` means the last stage."""

    context: bytes = field(repr=False)
    tag: str
    target: str = ""
    buildargs: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


async def build_image(engine: EngineClient, request: BuildRequest, on_line: LineSink) -> str:
    """Build an image and return its id; the tag moves to it only when the whole build succeeded.

    `on_line` gets the log line by line, on the event loop, and all of it before this returns.
    Raises EngineError with the line that says what went wrong. When the waiting task is cancelled,
    the engine is made to give the build up at its next line.
    """
    loop = asyncio.get_running_loop()
    abandoned = threading.Event()

    def build(api: APIClient) -> str:
        log = _BuildLog()
        with closing(_start_build(api, request)) as events:
            for event in events:
                if abandoned.is_set():  # leaving closes the connection, which ends the build
                    raise EngineError("The build was given up")
                for line in log.feed(event):
                    loop.call_soon_threadsafe(on_line, line)
        return log.image_id

    try:
        return await engine.call(build, deadline_s=BUILD_DEADLINE_S)
    finally:
        abandoned.set()


def _start_build(api: APIClient, request: BuildRequest) -> Any:
    return api.build(
        fileobj=io.BytesIO(request.context),
        custom_context=True,
        tag=request.tag,
        target=request.target or None,
        buildargs=dict(request.buildargs),
        labels=dict(request.labels),
        network_mode="host",  # the one mode that also works where the engine has no bridge
        rm=True,
        forcerm=True,
        decode=True,
        timeout=BUILD_DEADLINE_S,
    )


class _BuildLog:
    """The builder's events as lines, and a memory for the line that matters of the current step."""

    def __init__(self) -> None:
        self.image_id = ""
        self._partial = ""
        self._step = ""
        self._telling = ""
        self._last = ""

    def feed(self, event: Json) -> Iterator[str]:
        """The lines an event completes. Raises EngineError when the event is the failure itself."""
        if "error" in event:
            yield from self._lines("\n")
            raise EngineError(self._explain(str(event["error"])))
        self.image_id = event.get("aux", {}).get("ID") or self.image_id
        if "stream" in event:
            yield from self._lines(event["stream"])
        elif "status" in event and "progressDetail" not in event:
            yield from self._lines(event["status"] + "\n")

    def _lines(self, text: str) -> Iterator[str]:
        *complete, self._partial = (self._partial + text).split("\n")
        for raw in complete:
            line = _COLOUR.sub("", raw).rsplit("\r", 1)[-1].strip()[:MAX_LINE]
            if line:
                self._remember(line)
                yield line

    def _remember(self, line: str) -> None:
        if step := _STEP.match(line):
            self._step, self._telling, self._last = f"step {step[1]}, {step[2][:80]}", "", ""
            return
        if not line.startswith(_CHATTER):
            self._last = line
            if not self._telling and _TELLING.search(line):
                self._telling = line

    def _explain(self, error: str) -> str:
        code = _EXIT_CODE.search(error)
        if code is None:
            return " ".join(error.split())
        where = f"{self._step}: exit status {code[1]}"
        line = self._telling or self._last
        return f"{line} ({where})" if line else where


async def run_once(engine: EngineClient, image: str, command: Sequence[str]) -> str:
    """What `command` prints in a fresh container of `image`: stdout and stderr, the last 100 lines.

    For commands of ours only: no network, no capabilities, 512 MB, 30 s, but none of a sandbox's
    further walls. Raises EngineError when it fails, or when it does not end in time.
    """

    def run(api: APIClient) -> str:
        name = f"codebae-once-{secrets.token_hex(6)}"
        try:
            api.create_container_from_config(_once_config(image, command), name)  # type: ignore[no-untyped-call]
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


def _once_config(image: str, command: Sequence[str]) -> Json:
    return {
        "Image": image,
        "Entrypoint": [],
        "Cmd": list(command),
        "User": "65534:65534",
        "NetworkDisabled": True,
        # The sweep's leave to remove it, should we die before we do.
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
