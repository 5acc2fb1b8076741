"""Every key there is: those of API_KEY and ADMIN_KEY, for good, and those of the file, as it is."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping, Sequence

from orchestrator.access.model import ADMIN, Key, digest_of, unnamed_key
from orchestrator.errors import ConfigurationError

_BEGINNING = 8
_NONE = bytes(32)

_Table = Mapping[bytes, Key]
"""By the beginning of the hash. Who guesses keys can't choose their hashes: that one is looked up
says nothing of a key, and the whole hash is compared in constant time."""


class KeyRing:
    """For one event loop: the file's keys may be others from one call to the next."""

    def __init__(
        self, api_keys: Sequence[str], admin_keys: Sequence[str] = (), file_keys: Sequence[Key] = ()
    ) -> None:
        """Raises ConfigurationError when the file has a key that is another one as well."""
        self._settings_keys = tuple(unnamed_key(key) for key in dict.fromkeys(api_keys))
        self._admins = _table(unnamed_key(key, ADMIN) for key in admin_keys)
        self._keys: tuple[Key, ...] = ()
        self._table: _Table = {}
        self.replace(file_keys)

    @property
    def keys(self) -> tuple[Key, ...]:
        """The keys that run programs, without the admins'."""
        return self._keys

    def replace(self, file_keys: Sequence[Key]) -> None:
        """Replace the keys of the file. Raises ConfigurationError, and then keeps the old ones."""
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
        """The key that was offered, if it is a known one that runs programs."""
        return _find(self._table, offered)

    def find_admin(self, offered: bytes) -> Key | None:
        """The key that was offered, if it is a known admin's."""
        return _find(self._admins, offered)


def _table(keys: Iterable[Key]) -> _Table:
    return {key.digest[:_BEGINNING]: key for key in keys}


def _find(table: _Table, offered: bytes) -> Key | None:
    digest = digest_of(offered)
    found = table.get(digest[:_BEGINNING])
    is_it = hmac.compare_digest(digest, found.digest if found else _NONE)
    return found if is_it else None
