"""A WebSocket as the rest of it uses one: text in, events out, and is the client still there?

aiohttp's own heartbeat can't be used: it hangs up on a client that it has itself stopped reading.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from enum import IntEnum
from typing import Literal

from aiohttp import WSMsgType, web

from orchestrator.api.answers.events import Envelope
from orchestrator.api.connections.connection import (
    abort,
    bound_send_buffers,
    has_hung_up,
    is_all_sent,
)
from orchestrator.api.errors import Problem, invalid
from orchestrator.api.keys import SETTINGS

PROTOCOL = "codebae.v1"
PING_S = 15.0
SILENCE_S = 40.0
"""A client that is read from, and does not even answer pings for so long, is gone."""
CLOSE_S = 2.0
IN_A_ROW = 32
"""Messages after which others have their turn: of six bytes each, a thousand come at once."""


class Close(IntEnum):
    """Why we closed. A message that is too long for anything is aiohttp's to refuse: with 1009."""

    DONE = 1000
    REFUSED = 1008
    IDLE = 4000


class Channel:
    """One WebSocket. Reading and writing raise ConnectionError when the client is gone."""

    def __init__(self, request: web.Request) -> None:
        """To be `open`ed."""
        self._request = request
        self._now = asyncio.get_running_loop().time
        self._ws: web.WebSocketResponse[Literal[False]] = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            autoping=False,
            compress=False,
            max_msg_size=request.app[SETTINGS].max_body_size,
            timeout=CLOSE_S,
            writer_limit=0,  # "sent" means that the kernel has it
            decode_text=False,
        )
        self._in_a_row = 0
        self._heard_at = self._pinged_at = self.active_at = self._now()
        """`active_at`: when there was a message last, either way (the loop's time)."""

    async def open(self) -> web.StreamResponse:
        """Upgrade the connection. Raises web.HTTPBadRequest where that was not asked for."""
        bound_send_buffers(self._request)
        await self._ws.prepare(self._request)
        self._heard_at = self._pinged_at = self.active_at = self._now()
        return self._ws

    async def receive(self) -> bytes:
        """The next text message. Raises ApiError for one that is no text."""
        while True:
            message = await self._ws.receive()
            self._heard_at = self._now()
            self._in_a_row += 1
            if self._in_a_row >= IN_A_ROW:
                self._in_a_row = 0
                await asyncio.sleep(0)  # `receive` does not wait while there are more
            match message.type:
                case WSMsgType.TEXT:
                    self.active_at = self._heard_at
                    return bytes(message.data)
                case WSMsgType.PING:
                    await self._ws.pong(message.data)
                case WSMsgType.PONG:
                    pass
                case WSMsgType.BINARY:
                    raise invalid([Problem("message", "must be text")])
                case _:
                    raise ConnectionResetError

    async def send(self, envelopes: Iterable[Envelope]) -> None:
        """Send these, a message each, waiting while the client is behind."""
        for envelope in envelopes:
            await self._ws.send_str(json.dumps(envelope))
            self.active_at = self._now()

    async def keep_alive(self) -> None:
        """Nothing: `check` sends a WebSocket's own pings."""

    async def finish(self) -> None:
        """Nothing: `close` says how a conversation has ended."""

    async def check(self, *, is_read: bool) -> None:
        """Raise ConnectionResetError if the client is gone; to be asked now and then.

        `is_read`: whether somebody is in `receive`. Where nobody is, the kernel knows of a hang-up
        only when it is sent something.
        """
        if has_hung_up(self._request):
            raise ConnectionResetError
        now = self._now()
        if not is_read:
            self._heard_at = now
        elif now - self._heard_at > SILENCE_S:
            raise ConnectionResetError
        if is_all_sent(self._request) and (not is_read or now - self._pinged_at >= PING_S):
            self._pinged_at = now
            await self._ws.ping()

    async def close(self, code: int, reason: str = "") -> None:
        """Say why, and hang up once the client has said that it knows, or after a moment."""
        try:
            async with asyncio.timeout(2 * CLOSE_S):
                await self._ws.close(code=code, message=reason.encode())
        except (TimeoutError, ConnectionError):
            abort(self._request)
