"""The connection below a response: how much of it may be on its way, and how it is cut."""

from __future__ import annotations

import contextlib
import select
import socket

from aiohttp import web

SEND_BUFFER = 65_536


def bound_send_buffers(request: web.Request) -> None:
    """Make "sent" mean that the kernel has it, and the kernel not have megabytes of it.

    By itself it takes up to 4 MB (Linux's `tcp_wmem`) of what a slow reader does not, for as long
    as the connection lasts.
    """
    if request.transport is not None:
        request.transport.set_write_buffer_limits(high=0)
        connection = request.transport.get_extra_info("socket")
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)


def abort(request: web.Request) -> None:
    """Hang up at once, whatever is still to be sent."""
    if request.transport is not None:
        request.transport.abort()


def is_closing(request: web.Request) -> bool:
    """Whether the client has hung up: asyncio says so only after what is unsent was sent."""
    return request.transport is None or request.transport.is_closing()


def has_hung_up(request: web.Request) -> bool:
    """As `is_closing`, and also while nothing is read, when asyncio can't know of a hang-up."""
    if request.transport is None or request.transport.is_closing():
        return True
    connection = request.transport.get_extra_info("socket")
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLRDHUP)
    return bool(poll.poll(0))


def is_all_sent(request: web.Request) -> bool:
    """Whether the kernel has taken all that was written."""
    transport = request.transport
    return transport is not None and not transport.get_write_buffer_size()
