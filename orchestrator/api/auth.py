"""Who may run programs: the holders of one of `API_KEY`'s keys."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

from orchestrator.api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KEY_PROTOCOL = "codebae.key."
"""What a WebSocket protocol begins with that is a key in base64url, where no header can be set."""


def authenticate(headers: Mapping[str, str], keys: Sequence[str], *, protocols: str = "") -> str:
    """The name of the caller's key: `key-1` for the first of `keys`; never the key itself.

    Taken from `Authorization: Bearer KEY` (the scheme in any case), from `x-api-key: KEY`, or from
    the comma-separated WebSocket `protocols`; `headers` must look names up in any case. Raises
    ApiError (401). Every key is compared in constant time.
    """
    name: str | None = None
    for offered in [*_offered(headers), *_offered_as_protocols(protocols)]:
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


def _offered_as_protocols(protocols: str) -> list[bytes]:
    names = (name.strip() for name in protocols.split(","))
    coded = [name.removeprefix(KEY_PROTOCOL) for name in names if name.startswith(KEY_PROTOCOL)]
    return [key for key in map(_from_base64url, coded) if key]


def _from_base64url(text: str) -> bytes:
    """Nothing where it is none; the padding may be left out, as a protocol's name has to."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""


def _to_bytes(text: str) -> bytes:
    """Both aiohttp and `os.environ` stand for bytes that aren't UTF-8 with lone surrogates."""
    return text.encode("utf-8", "surrogateescape")
