"""Long calls to the engine that can be cancelled: each has a thread and a client of its own.

A thread that waits for the engine can't be interrupted, but its socket can be shut down: whatever
it was doing (connecting, sending, reading) then fails at once, the thread ends, and the engine sees
that the client is gone.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any, TypeVar

from docker import APIClient
from docker.transport import UnixHTTPAdapter
from docker.transport.unixconn import UnixHTTPConnection, UnixHTTPConnectionPool

from orchestrator.engine.client import EngineClient
from orchestrator.engine.failures import translate
from orchestrator.errors import EngineError

END_S = 5.0
"""How long a cancelled call waits for its thread, whose sockets are shut down, to end."""

T = TypeVar("T")


class ClientSockets:
    """The sockets of one client, which any thread may shut down."""

    def __init__(self) -> None:
        """Create an empty set."""
        self.path = ""
        """The path that was last connected to."""
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._is_cut = False

    def connect(self, path: str, timeout_s: float | None) -> socket.socket:
        """Connect a socket to `path`; after `cut` it is already closed. Raises OSError."""
        self.path = path
        made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            made.settimeout(timeout_s)
            made.connect(path)
        except OSError:
            made.close()
            raise
        with self._lock:
            self._sockets.append(made)
            is_cut = self._is_cut
        if is_cut:
            self.close()
        return made

    def cut(self) -> None:
        """Shut down every connection, present and future. Idempotent, from any thread."""
        with self._lock:
            self._is_cut = True
            sockets = tuple(self._sockets)
        for each in sockets:
            with suppress(OSError):  # closed by its owner
                each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Shut down and close every socket. Only for the thread that uses them."""
        self.cut()
        for each in self._sockets:
            each.close()


class _Connection(UnixHTTPConnection):
    sockets: ClientSockets

    def connect(self) -> None:
        self.sock = self.sockets.connect(self.unix_socket, self.timeout)


class _Pool(UnixHTTPConnectionPool):
    sockets: ClientSockets

    def _new_conn(self) -> Any:
        made = _Connection(self.base_url, self.socket_path)
        made.sockets = self.sockets
        return made


class _Adapter(UnixHTTPAdapter):
    """An SDK adapter with one connection pool, whose sockets `sockets` can shut down."""

    def __init__(self, socket_path: str, sockets: ClientSockets) -> None:
        super().__init__(f"http+unix://{socket_path}")
        self._sockets = sockets

    def get_connection(self, url: str | bytes, proxies: Any = None) -> Any:  # noqa: ARG002 - the SDK's
        with self.pools.lock:
            pool = self.pools.get("")
            if pool is None:
                pool = _Pool("http+docker://localhost", self.socket_path, self.timeout)
                pool.sockets = self._sockets
                self.pools[""] = pool
        return pool


async def cancellable_call(
    engine: EngineClient, function: Callable[[APIClient], T], *, deadline_s: float
) -> T:
    """Run `function` in a thread of its own, with a client of its own, and return its result.

    At the deadline, or when the waiting task is cancelled, its connection is shut down, which ends
    it. Raises TimeoutError past the deadline, EngineError or a subclass when the call fails.
    """
    sockets = ClientSockets()
    client = await engine.new_client(_Adapter(engine.socket_path, sockets))
    outcome: Future[T] = Future()
    threading.Thread(
        target=_run,
        args=(function, client, sockets, outcome),
        name="engine-cancellable",
        daemon=True,
    ).start()
    ended = asyncio.wrap_future(outcome)
    try:
        await asyncio.wait({ended}, timeout=deadline_s)
        if not ended.done():
            raise TimeoutError
        return ended.result()
    finally:
        if not ended.done():
            sockets.cut()
            await asyncio.wait({ended}, timeout=END_S)
        if ended.done():
            ended.exception()  # retrieved, or asyncio logs that it never was


def _run(
    function: Callable[[APIClient], T],
    client: APIClient,
    sockets: ClientSockets,
    outcome: Future[T],
) -> None:
    try:
        result = _close_after(function, client, sockets)
    except EngineError as err:
        outcome.set_exception(err)
    except Exception as err:  # noqa: BLE001 - whatever it is, the waiting task gets it
        error = translate(err, sockets.path)
        error.__cause__ = err
        outcome.set_exception(error)
    else:
        outcome.set_result(result)


def _close_after(
    function: Callable[[APIClient], T], client: APIClient, sockets: ClientSockets
) -> T:
    try:
        return function(client)
    finally:
        client.close()
        sockets.close()
