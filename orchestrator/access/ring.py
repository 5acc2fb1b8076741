"""The key ring: the fixed keys of API_KEY and ADMIN_KEY, and the current ones of KEYS_FILE."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.access.model import ADMIN, Key, digest_of, unnamed_key
from orchestrator.errors import ConfigurationError

_BEGINNING = 8
_NONE = bytes(32)

_Table = Mapping[bytes, Key]
"""Keys by the beginning of their hash. An attacker can't choose the hash of a guess, so the timing
of this lookup reveals nothing; the whole hash is then compared in constant time."""


class KeyRing:
    """All valid keys. For one event loop; the file's keys may change between two calls."""

    def __init__(
        self, api_keys: Sequence[str], admin_keys: Sequence[str] = (), file_keys: Sequence[Key] = ()
    ) -> None:
        """Raises ConfigurationError when a key of the file is also one of the settings."""
        self._settings_keys = tuple(unnamed_key(key) for key in dict.fromkeys(api_keys))
        self._admins = _table(unnamed_key(key, ADMIN) for key in admin_keys)
        self._keys: tuple[Key, ...] = ()
        self._table: _Table = {}
        self.replace(file_keys)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that run programs: all but the admins'."""
        return self._keys

    def replace(self, file_keys: Sequence[Key]) -> None:
        """Replace the file's keys. Raises ConfigurationError, as above, and keeps the old ones."""
        others = {key.digest: "API_KEY" for key in self._settings_keys}
        others |= {key.digest: "ADMIN_KEY" for key in self._admins.values()}
        for key in file_keys:
            if key.digest in others:
                raise ConfigurationError(
                    f"KEYS_FILE: {key.name}: this key is one of {others[key.digest]}, too"
                )
        self._keys = (*self._settings_keys, *file_keys)
        self._table = _table(self._keys)

    def find(self, offered: bytes) -> Key | None:
        """Return the key that `offered` is, if it is one that runs programs."""
        return _find(self._table, offered)

    def find_admin(self, offered: bytes) -> Key | None:
        """Return the key that `offered` is, if it is an admin's."""
        return _find(self._admins, offered)


def _table(keys: Iterable[Key]) -> _Table:
    return {key.digest[:_BEGINNING]: key for key in keys}


def _find(table: _Table, offered: bytes) -> Key | None:
    digest = digest_of(offered)
    found = table.get(digest[:_BEGINNING])
    is_it = hmac.compare_digest(digest, found.digest if found else _NONE)
    return found if is_it else None
