"""Which version of its API is spoken with the engine that is there.

Asked once, and again when it may be another engine: when a ping says so, or when a call was refused
for its version, which the engine does before anything else.
"""

from __future__ import annotations

import asyncio

import structlog

from orchestrator.engine.ping import ask_version
from orchestrator.engine.reach import api_version
from orchestrator.errors import EngineVersionError

log = structlog.get_logger(__name__)


class ApiVersionNegotiator:
    """What has been agreed on with the engine at one socket."""

    def __init__(self, socket_path: str) -> None:
        """Nobody has been asked yet."""
        self._socket_path = socket_path
        self._asking = asyncio.Lock()
        self._engine = ""
        self._spoken = ""
        self.version = ""
        """As in `1.41`; empty: not agreed on."""

    async def negotiate(self, *, timeout_s: float) -> str:
        """The version to speak. Raises EngineVersionError where there is none, or EngineError."""
        async with self._asking:  # one question, however many wait for the answer
            if not self.version:
                offer = await ask_version(self._socket_path, timeout_s=timeout_s)
                version, why_not = api_version(offer)
                if why_not:
                    raise EngineVersionError(f"The engine at {self._socket_path}: {why_not}")
                # The first is nobody's news; that it has changed is.
                say = log.info if self._spoken else log.debug
                say("engine_speaks", api=version, engine=str(offer.get("Version")))
                self._spoken = self.version = version
        return self.version

    def note_engine(self, engine: str) -> bool:
        """Note which engine answered a ping. True if it is another one, with no version agreed."""
        before = self._engine
        if engine != before:
            self._engine, self.version = engine, ""
        return bool(before) and engine != before

    def reset(self) -> None:
        """Ask again before the next call."""
        self.version = ""
