"""Who may run programs: the holders of one of `API_KEY`'s keys."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from orchestrator.api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def authenticate(headers: Mapping[str, str], keys: Sequence[str]) -> str:
    """The name of the caller's key: `key-1` for the first of `keys`; never the key itself.

    Taken from `Authorization: Bearer KEY` (the scheme in any case) or `x-api-key: KEY`; `headers`
    must look names up in any case. Raises ApiError (401). Every key is compared in constant time.
    """
    name: str | None = None
    for offered in _offered(headers):
        for number, key in enumerate(keys, start=1):
            if hmac.compare_digest(offered, _to_bytes(key)):
                name = f"key-{number}"
    if name is None:
        raise ApiError(401, "unauthorized", "Unauthorized")
    return name


def _offered(headers: Mapping[str, str]) -> list[bytes]:
    scheme, _, credentials = headers.get("Authorization", "").strip().partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    return [_to_bytes(key) for key in (bearer, headers.get("X-Api-Key", "").strip()) if key]


def _to_bytes(text: str) -> bytes:
    """Both aiohttp and `os.environ` stand for bytes that aren't UTF-8 with lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
