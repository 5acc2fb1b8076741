"""Negotiates the version of the engine's API.

Once, and again when the engine may be another one: when a ping says so, or when a call was refused
for its version (which the engine checks before it does anything).
"""

from __future__ import annotations

import asyncio

import structlog

from orchestrator.engine.ping import ask_version
from orchestrator.engine.reach import api_version
from orchestrator.errors import EngineVersionError

log = structlog.get_logger(__name__)


class ApiVersionNegotiator:
    """Keeps the API version agreed on with the engine at one socket."""

    def __init__(self, socket_path: str) -> None:
        """Nothing is asked before `negotiate`."""
        self._socket_path = socket_path
        self._asking = asyncio.Lock()
        self._engine = ""
        self._spoken = ""
        self.version = ""
        """Such as `1.41`; empty: not negotiated yet."""

    async def negotiate(self, *, timeout_s: float) -> str:
        """Return the version to use. Raises EngineVersionError if none is common, EngineError."""
        async with self._asking:  # concurrent callers share one question
            if not self.version:
                offer = await ask_version(self._socket_path, timeout_s=timeout_s)
                version, why_not = api_version(offer)
                if why_not:
                    raise EngineVersionError(f"The engine at {self._socket_path}: {why_not}")
                # Only a change is worth a line at level info.
                say = log.info if self._spoken else log.debug
                say("engine_speaks", api=version, engine=str(offer.get("Version")))
                self._spoken = self.version = version
        return self.version

    def note_engine(self, engine: str) -> bool:
        """Note which engine answered a ping; True when it is another one than before.

        Then the version has to be negotiated again. `engine`: what `ping` returned.
        """
        before = self._engine
        if engine != before:
            self._engine, self.version = engine, ""
        return bool(before) and engine != before

    def reset(self) -> None:
        """Forget the version; the next call negotiates again."""
        self.version = ""
