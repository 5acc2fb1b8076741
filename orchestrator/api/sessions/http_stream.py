"""A response that goes on while there is something to tell, as lines or server-sent events."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from orchestrator.api.answers.events import PING, Envelope
from orchestrator.api.answers.formats import Format, frame
from orchestrator.api.answers.json_pieces import PIECE
from orchestrator.api.connections.connection import bound_send_buffers, is_closing
from orchestrator.api.keys import SETTINGS

PING_S = 15.0
TICK_S = 1.0

Encode = Callable[[Envelope, Format], Iterable[bytes]]


class HttpStream:
    """One such response, with a ping now and then. Its head is sent with what comes first."""

    def __init__(  # noqa: PLR0913 - where the two kinds of streams differ
        self,
        request: web.Request,
        form: Format,
        *,
        encode: Encode | None = None,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        pings_only_silence: bool = False,
        is_over: Callable[[], bool] = lambda: False,
    ) -> None:
        """`encode`: an envelope's bytes, those of `frame` by default.

        A ping comes every PING_S; with `pings_only_silence` after so long without anything else.
        Once there `is_over` what is told of, a piece may wait ANSWER_TIMEOUT for its reader.
        """
        own = {
            "Content-Type": f"{form}; charset=utf-8",
            "Cache-Control": "no-cache",
            "X-Accel-Buffering": "no",  # proxies must not wait for more
        }
        self.response = web.StreamResponse(status=status, headers=own | dict(headers or {}))
        self._request = request
        self._form = form
        self._encode = encode
        self._pings_only_silence = pings_only_silence
        self._is_over = is_over
        self._now = asyncio.get_running_loop().time
        self._next_ping = self._now() + PING_S
        self._writing_since: float | None = None

    async def send(self, envelopes: Iterable[Envelope]) -> None:
        """Send these, waiting while the client is behind."""
        if not self.response.prepared:
            bound_send_buffers(self._request)
            await self.response.prepare(self._request)
        waiting = bytearray()
        for envelope in envelopes:
            for piece in (self._encode or frame)(envelope, self._form):
                waiting += piece
                if len(waiting) >= PIECE:
                    await self._write(bytes(waiting))
                    waiting.clear()
        if waiting:
            await self._write(bytes(waiting))
        if self._pings_only_silence:
            self._next_ping = self._now() + PING_S

    async def keep_alive(self) -> None:
        """Send a ping where one is due."""
        if self._now() >= self._next_ping:
            self._next_ping = self._now() + PING_S
            await self.send([PING])

    async def finish(self) -> None:
        """Say that there is no more."""
        await self.response.write_eof()

    def until_ping(self) -> float:
        """Seconds until a ping is due."""
        return max(0.0, self._next_ping - self._now())

    async def watch(self) -> None:
        """To go on beside whoever sends, since a writer that waits notices nothing.

        Raises ConnectionResetError once the client has hung up, TimeoutError when it is no use to
        wait for it any longer.
        """
        patience_s = self._request.app[SETTINGS].answer_timeout
        over_since: float | None = None
        while not is_closing(self._request):  # the transport tells nobody
            await asyncio.sleep(TICK_S)
            if over_since is None and self._is_over():
                over_since = self._now()
            if over_since is not None and self._writing_since is not None:
                waited_s = self._now() - max(over_since, self._writing_since)
                if waited_s > patience_s:
                    raise TimeoutError
        raise ConnectionResetError

    async def _write(self, data: bytes) -> None:
        self._writing_since = self._now()
        await self.response.write(data)
        self._writing_since = None
