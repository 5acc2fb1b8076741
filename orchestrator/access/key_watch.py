"""Reads KEYS_FILE again whenever it changes. A file that is broken changes nothing.

It is looked at, not watched, since a revoked key must be gone whatever has changed the file. What
the kernel tells of a file ends once another has been renamed over it, and has nothing of a mounted
secret's swap of links; what it tells of the folder has nothing of what a link leads to elsewhere;
watchfiles' own polling misses the second of two changes in one second. A look is one `stat`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import structlog

from orchestrator.access.key_file import FileState, KeyFile, read_keys, state_of
from orchestrator.access.model import Key
from orchestrator.access.ring import KeyRing
from orchestrator.errors import ConfigurationError

INTERVAL_S = 0.5

log = structlog.get_logger(__name__)


class KeyWatch:
    """Keeps a key ring in sync with its file."""

    def __init__(self, path: Path, ring: KeyRing) -> None:
        """Nothing is read before `load`."""
        self._path = path
        self._ring = ring
        self._state: FileState = ()

    def load(self) -> None:
        """Read the file for the first time. Raises ConfigurationError, which names the setting."""
        try:
            self._take(read_keys(self._path))
        except ConfigurationError as err:
            raise ConfigurationError(f"setting KEYS_FILE: {err}") from err

    async def run(self, on_change: Callable[[frozenset[str]], None]) -> None:
        """Check twice a second, until cancelled; `on_change` gets the names of revoked keys."""
        while True:
            await asyncio.sleep(INTERVAL_S)
            try:
                revoked = await self.check()
                if revoked is not None:
                    on_change(revoked)
            except Exception:
                log.exception("keys_not_looked_at")  # the next check must come all the same

    async def check(self) -> frozenset[str] | None:
        """Reload the file if it has changed; return the names of revoked keys, None: no change.

        An invalid file is logged once, and changes nothing.
        """
        state = await asyncio.to_thread(state_of, self._path)
        if state == self._state:
            return None
        before = self._ring.keys
        try:
            self._take(await asyncio.to_thread(read_keys, self._path))
        except ConfigurationError as err:
            self._state = state
            log.error("keys_file_broken", reason=str(err), still_valid=len(before))
            return None
        names, old = _names_of(self._ring.keys), _names_of(before)
        revoked = old - names
        log.info("keys", new=sorted(names - old), revoked=sorted(revoked), valid=len(names))
        return revoked

    def _take(self, file: KeyFile) -> None:
        self._ring.replace(file.keys)
        self._state = file.state
        for remark in file.remarks:
            log.warning("settings", remark=f"KEYS_FILE: {remark}")


def _names_of(keys: tuple[Key, ...]) -> frozenset[str]:
    return frozenset(key.name for key in keys)
