"""Control calls to the engine: the Docker SDK's low-level client, off the event loop.

Each thread of a small pool has a client (and so a connection) of its own. Every call has a
deadline, on the socket and on the waiting task; the SDK's exceptions become those of `errors.py`.
The ping is a circuit breaker: while the last one failed, calls are refused at once instead of
piling up before an engine that does not answer. The byte stream of a running sandbox does not go
through here (`attach.py`).
"""

from __future__ import annotations

import asyncio
import math
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from docker import APIClient
from docker.transport import UnixHTTPAdapter

from orchestrator.engine.api_version import ApiVersionNegotiator
from orchestrator.engine.failures import translate, update_error
from orchestrator.engine.ping import ping
from orchestrator.engine.reach import cure, quirk
from orchestrator.engine.sdk import SingleConnectionAdapter, make_client
from orchestrator.errors import (
    ContainerNotFoundError,
    EngineConflictError,
    EngineError,
    EngineUnavailableError,
    EngineVersionError,
)

T = TypeVar("T")
Json = dict[str, Any]

REMOVE_TRIES = 3
PING_TIMEOUT_S = 5.0  # generous: an engine on a busy machine is not lost


class EngineClient:
    """The client of one engine's control plane. Safe to use from any task of one event loop."""

    def __init__(self, base_url: str, *, timeout_s: float, threads: int) -> None:
        """`base_url`: such as `unix:///var/run/docker.sock`; nothing is opened yet."""
        self._base_url = base_url
        self._timeout_s = timeout_s
        self._local = threading.local()
        self._clients: list[APIClient] = []
        self._lock = threading.Lock()
        self._closed = False
        self.quirk = ""
        """Why sandboxes can't start on this kind of engine (see `reach.quirk`); empty: they can."""
        self._unavailable: str | None = None
        self._negotiator = ApiVersionNegotiator(self.socket_path)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="engine")

    @property
    def timeout_s(self) -> float:
        """The deadline of a call that names none, in seconds."""
        return self._timeout_s

    @property
    def socket_path(self) -> str:
        """The path of the engine's unix socket."""
        return self._base_url.removeprefix("unix://")

    async def ping(self) -> None:
        """Check that the engine answers, and speaks a version of its API that we speak.

        Raises EngineUnavailableError when it does not, and once when another release answers than
        the time before: that one has not passed the self-test. Until the next ping, calls are let
        through or refused according to the outcome.
        """
        try:
            await self._meet(min(PING_TIMEOUT_S, self._timeout_s))
        except EngineUnavailableError as err:
            self._unavailable = str(err)
            raise
        self._unavailable = None

    async def _meet(self, timeout_s: float) -> None:
        is_another = self._negotiator.note_engine(await ping(self.socket_path, timeout_s=timeout_s))
        if is_another and self._unavailable is None:
            raise EngineUnavailableError("Another engine has taken the place of the one before")
        await self.api_version()

    async def api_version(self) -> str:
        """Return the version of the engine's API in use, such as `1.41`.

        Raises EngineVersionError when the engine and we have no version in common, or EngineError.
        """
        return self._negotiator.version or await self._negotiator.negotiate(
            timeout_s=self._timeout_s
        )

    async def call(self, function: Callable[[APIClient], T], *, deadline_s: float = 0) -> T:
        """Run `function` with a client in a thread of the pool; `deadline_s` 0: the default.

        Raises EngineError or a subclass. When the waiting task is cancelled, the call itself goes
        on in its thread: callers that create things shield it and clean up afterwards.
        """
        self._refuse_if_away()
        timeout = deadline_s or self._timeout_s
        try:
            async with asyncio.timeout(timeout):
                try:
                    return await self._call(function, timeout)
                except EngineVersionError:
                    # Another engine by now, which has done nothing: negotiate, and call again.
                    self._negotiator.reset()
                    return await self._call(function, timeout)
        except TimeoutError as err:
            raise EngineUnavailableError(f"The engine did not answer in {timeout:g} s") from err

    async def _call(self, function: Callable[[APIClient], T], timeout_s: float) -> T:
        version = await self.api_version()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._run, function, version, timeout_s)

    def _refuse_if_away(self) -> None:
        if self._closed:
            raise EngineUnavailableError("The engine client is closed")
        if self._unavailable is not None:
            raise EngineUnavailableError(self._unavailable)

    def _run(self, function: Callable[[APIClient], T], version: str, timeout_s: float) -> T:
        try:
            client = self._client(version)
            client.timeout = math.ceil(timeout_s)
            return function(client)
        except EngineError:
            raise
        except Exception as err:
            raise translate(err, self.socket_path) from err

    def _client(self, version: str) -> APIClient:
        """Return this thread's client; a new one when the API version has changed."""
        client: APIClient | None = getattr(self._local, "client", None)
        if client is not None and client.api_version == version:
            return client
        made = self._make_client(
            SingleConnectionAdapter(f"http+unix://{self.socket_path}"), version
        )
        self._local.client = made
        with self._lock:
            if client is not None:
                self._clients.remove(client)
            self._clients.append(made)
        if client is not None:
            client.close()
        return made

    async def new_client(self, adapter: UnixHTTPAdapter) -> APIClient:
        """Return a client that connects through `adapter`; the caller closes it.

        Raises EngineUnavailableError while calls are refused, or EngineError.
        """
        self._refuse_if_away()
        return self._make_client(adapter, await self.api_version())

    def _make_client(self, adapter: UnixHTTPAdapter, version: str) -> APIClient:
        return make_client(self._base_url, adapter, version=version, timeout_s=self._timeout_s)

    async def close(self) -> None:
        """Wait for the current calls, then close the connections. Idempotent."""
        self._closed = True
        await asyncio.to_thread(self._pool.shutdown, wait=True, cancel_futures=True)
        with self._lock:
            clients, self._clients = self._clients, []
        for client in clients:
            client.close()

    async def create_container(self, name: str, config: Mapping[str, Any]) -> str:
        """Create a container from Engine JSON and return its id."""

        def create(api: APIClient) -> str:
            answer = api.create_container_from_config(dict(config), name)  # type: ignore[no-untyped-call]
            return str(answer["Id"])

        return await self.call(create)

    async def start_container(self, name: str) -> None:
        """Start a created container."""
        try:
            await self.call(lambda api: api.start(name))
        except (EngineUnavailableError, ContainerNotFoundError, EngineConflictError):
            raise
        except EngineError as err:
            raise EngineError(f"{err}{cure(str(err))}{self.remark}") from err

    async def inspect_container(self, name: str) -> Json:
        """Return GET /containers/{name}/json. Raises ContainerNotFoundError."""
        return await self.call(lambda api: dict(api.inspect_container(name)))

    async def wait_container(self, name: str, *, deadline_s: float) -> int:
        """Wait until a container has stopped, and return its exit status.

        Raises EngineUnavailableError past the deadline.
        """

        def wait(api: APIClient) -> int:
            return int(api.wait(name, timeout=math.ceil(deadline_s))["StatusCode"])

        return await self.call(wait, deadline_s=deadline_s)

    async def update_limits(self, name: str, memory_bytes: int, pids: int) -> None:
        """Change a running container's memory (swap included) and pids limits.

        Raises EngineConflictError when more memory than that is in use.
        """
        limits = {"Memory": memory_bytes, "MemorySwap": memory_bytes, "PidsLimit": pids}

        def update(api: APIClient) -> None:
            # Not through the SDK's update_container(): it does not know PidsLimit.
            url = f"{api.base_url}/v{api.api_version}/containers/{name}/update"
            answer = api.post(url, json=limits, timeout=api.timeout)
            if not answer.ok:
                raise update_error(answer.status_code, answer.text)

        await self.call(update)

    async def kill_container(self, name: str) -> None:
        """Kill a container; one that is gone or has stopped is no error."""
        await self._ignoring_gone(lambda api: api.kill(name))

    async def remove_container(self, name: str) -> None:
        """Kill and remove a container with its volumes; one that is gone already is no error."""
        for _ in range(REMOVE_TRIES - 1):
            try:
                return await self._remove(name)
            except EngineUnavailableError:
                raise
            except EngineError:
                continue  # the engine may fail when a container ends while it is being killed
        return await self._remove(name)

    async def _remove(self, name: str) -> None:
        await self._ignoring_gone(lambda api: api.remove_container(name, force=True, v=True))

    async def _ignoring_gone(self, function: Callable[[APIClient], None]) -> None:
        try:
            await self.call(function)
        except (ContainerNotFoundError, EngineConflictError):
            return

    async def list_containers(self, labels: Sequence[str]) -> list[Json]:
        """Return all containers, stopped ones too, with all `labels` (`key` or `key=value`)."""
        return await self.call(
            lambda api: list(api.containers(all=True, filters={"label": list(labels)}))
        )

    async def info(self) -> Json:
        """Return GET /info, and update `quirk`."""
        info = await self.call(lambda api: dict(api.info()))
        self.quirk = quirk(info)
        return info

    @property
    def remark(self) -> str:
        """What to append to the error of a sandbox that did not start: the quirk, if any."""
        return f" (the engine at {self.socket_path}: {self.quirk})" if self.quirk else ""

    async def inspect_image(self, tag: str) -> Json:
        """Return GET /images/{tag}/json. Raises ContainerNotFoundError."""
        return await self.call(lambda api: dict(api.inspect_image(tag)))  # type: ignore[no-untyped-call]
