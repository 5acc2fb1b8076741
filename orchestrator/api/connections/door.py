"""Where clients come in: connections, counted and with deadlines, before they ask anything."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

import structlog
from aiohttp import web

from orchestrator.api.callers.client_address import home, is_trusted
from orchestrator.api.connections.connection import SEND_BUFFER
from orchestrator.api.connections.crowd import Crowd

if TYPE_CHECKING:
    from orchestrator.settings import Settings

HANDLER_ARGS: dict[str, Any] = {
    "auto_decompress": False,  # a body is unpacked when it is known whose it is: body.py
    "lingering_time": 0,  # ours is bounded in bytes, too: middleware.py
    "max_headers": 64,
}
"""aiohttp's own bounds; for `web.Application(handler_args=...)`."""
MAX_HEAD = 65_536
"""Bytes of a request's head, about; and of further ones before the first was answered."""
DOOR_S = 5.0
"""How long who has no place may take to ask for the server's health."""
RECEIVE_BUFFER = 262_144
HEALTH_CHECK = b"GET /health "
TOO_MANY = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json; charset=utf-8\r\n"
    b"Retry-After: 1\r\nConnection: close\r\nContent-Length: 65\r\n\r\n"
    b'{"error": "Too many connections", "code": "too_many_connections"}'
)
AT_ONCE = 4
"""Connections that are accepted in a row."""
CLOCK_S = 0.05
LATE_AT_ONCE = 64
PAUSE_S = 0.2

log = structlog.get_logger(__name__)


class Connection(web.RequestHandler):
    """A client's connection, from `connection_made` on."""

    def __init__(self, door: Door, server: web.Server, **options: Any) -> None:
        """Made by a `Door` only."""
        super().__init__(server, **options)
        self._door = door
        self._request: web.Request | None = None
        self._begun = 0
        self._is_asking = False
        self._unanswered = 0

    @property
    def has_place(self) -> bool:
        """Whether it is more than a newcomer for whom there was no room."""
        return self._door.crowd.has_place(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """As asyncio calls it."""
        super().connection_made(transport)
        self._door.enter(self, transport)

    def connection_lost(self, exc: BaseException | None) -> None:
        """As asyncio calls it."""
        self._door.leave(self)
        self._request = None
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """As aiohttp's, which bounds a line and how many there are, not what they add up to."""
        if not self.has_place and not self._is_asking and not data.startswith(HEALTH_CHECK):
            self._turn_away()
            return
        heads, was_asking = self._request_count, self._is_asking
        is_body = was_asking and self._is_sending_body()  # before this may be the end of it
        super().data_received(data)
        if self._request_count != heads:
            self._is_asking = True
            is_body = is_body or not was_asking
        if not is_body and not self._upgraded:
            self._unanswered += len(data)
            if self._unanswered > MAX_HEAD:
                self.abort()

    def _turn_away(self) -> None:
        """At a tenth of what an answer of the application costs: there may be thousands of them."""
        if self.transport is not None:
            self.transport.write(TOO_MANY)
            self.transport.close()

    def _is_sending_body(self) -> bool:
        return self._request is None or not self._request.content.is_eof()

    def begin(self, request: web.Request) -> None:
        """The head of a request has come."""
        self._request = request
        self._begun += 1
        if self._begun == self._request_count:
            self._unanswered = 0
        self._door.begin(self)

    def end(self) -> None:
        """The request was answered."""
        self._request = None
        self._is_asking = False
        self._door.crowd.idle(self, self._loop.time())

    def abort(self) -> None:
        """Hang up at once."""
        if self.transport is not None:
            self.transport.abort()


class Door:
    """Makes connections; a protocol factory."""

    def __init__(
        self, runner: web.AppRunner, settings: Settings, *, most: int, newcomers: int
    ) -> None:
        """`runner`: set up; `most`: connections at once; `newcomers`: as many more are told no."""
        self.crowd: Crowd[Connection] = Crowd(most, settings.max_connections_per_address, newcomers)
        self._loop = asyncio.get_running_loop()
        self._header_timeout_s = settings.header_timeout
        self._silent: dict[Connection, float] = {}
        self._newcomers: dict[Connection, float] = {}
        """By when these have to ask something; in this order, as each has the same time for it."""
        self._trusted = settings.trusted_networks
        self._server = cast("web.Server", runner.server)
        self._options = HANDLER_ARGS | {
            "loop": self._loop,
            "keepalive_timeout": settings.keepalive_timeout,
            "access_log": None,
        }

    def __call__(self) -> Connection:
        """For `create_server`."""
        return Connection(self, self._server, **self._options)

    def enter(self, connection: Connection, transport: asyncio.BaseTransport) -> None:
        """Give the connection a place, if there is one; close those that must go for it."""
        name = transport.get_extra_info("peername")
        peer = str(name[0]) if isinstance(name, list | tuple) and name else ""
        address = None if is_trusted(peer, self._trusted) else home(peer)
        now = self._loop.time()
        for other in self.crowd.enter(connection, address, now):
            other.abort()
        if self.crowd.has_place(connection):
            self._silent[connection] = now + self._header_timeout_s
        else:
            self._newcomers[connection] = now + DOOR_S

    def begin(self, connection: Connection) -> None:
        """The connection has sent a request: it is silent no longer."""
        self._silent.pop(connection, None)
        self._newcomers.pop(connection, None)
        self.crowd.busy(connection)

    def leave(self, connection: Connection) -> None:
        """The connection has ended."""
        self.begin(connection)
        self.crowd.leave(connection)

    def hang_up_on_the_silent(self) -> None:
        """Close a few connections whose deadline is over; to be called again and again."""
        now = self._loop.time()
        for waiting in (self._silent, self._newcomers):
            late = [each for each, until in islice(waiting.items(), LATE_AT_ONCE) if until <= now]
            for connection in late:
                del waiting[connection]
                connection.abort()


class DoorSite(web.BaseSite):
    """Lets clients in through a door, a few at a time: others have their turn in between."""

    def __init__(self, runner: web.AppRunner, door: Door, listener: socket.socket) -> None:
        """`listener`: a listening socket, this site's own."""
        super().__init__(runner)
        self._door = door
        self._listener = listener
        self._loop = asyncio.get_running_loop()
        self._entering: set[asyncio.Task[object]] = set()
        self._pause: asyncio.TimerHandle | None = None
        self._clock: asyncio.Task[None] | None = None

    @property
    def name(self) -> str:
        """Where it listens."""
        return str(self._listener.getsockname())

    async def start(self) -> None:
        """Let clients in."""
        await super().start()
        self._listener.setblocking(False)  # noqa: FBT003 - as below
        for option, size in ((socket.SO_SNDBUF, SEND_BUFFER), (socket.SO_RCVBUF, RECEIVE_BUFFER)):
            with contextlib.suppress(OSError):  # each connection has them from here
                self._listener.setsockopt(socket.SOL_SOCKET, option, size)
        self._open()
        self._clock = self._loop.create_task(self._watch_the_clock(), name="door")

    async def _watch_the_clock(self) -> None:
        while True:
            await asyncio.sleep(CLOCK_S)
            self._door.hang_up_on_the_silent()

    async def stop(self) -> None:
        """Let in no more."""
        for each in (self._pause, self._clock):
            if each is not None:
                each.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()
        await super().stop()

    def _open(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, _ = self._listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as err:  # no descriptor, no memory: it would be called again at once
                log.warning("accept_failed", error=repr(err))
                self._loop.remove_reader(self._listener)
                self._pause = self._loop.call_later(PAUSE_S, self._open)
                return
            entering = self._loop.create_task(self._enter(connection))
            self._entering.add(entering)
            entering.add_done_callback(self._entering.discard)

    async def _enter(self, connection: socket.socket) -> None:
        try:
            connection.setblocking(False)  # noqa: FBT003 - its own form
            await self._loop.connect_accepted_socket(self._door, connection)
        except OSError:  # it is gone already
            connection.close()
