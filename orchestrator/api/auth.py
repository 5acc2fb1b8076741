"""Who may run programs, the holders of one of `API_KEY`'s keys; and who administers."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

from orchestrator.api.errors import ApiError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

CHALLENGE = 'Bearer realm="codebae-runner"'
KEY_PROTOCOL = "codebae.key."
"""What a WebSocket protocol begins with that is a key in base64url, where no header can be set."""


def authenticate(headers: Mapping[str, str], keys: Sequence[str], *, protocols: str = "") -> str:
    """The name of the caller's key: `key-1` for the first of `keys`; never the key itself.

    Taken from `Authorization: Bearer KEY` (the scheme in any case), from `x-api-key: KEY`, or from
    the comma-separated WebSocket `protocols`; `headers` must look names up in any case. Raises
    ApiError (401). Every key is compared in constant time.
    """
    offered = [*_offered(headers), *_offered_as_protocols(protocols)]
    number = _find(offered, keys)
    if number is None:
        raise _unauthorized(headers, has_key=bool(offered))
    return f"key-{number}"


def authenticate_admin(
    headers: Mapping[str, str], admin_keys: Sequence[str], job_keys: Sequence[str]
) -> str:
    """The name of the admin's key: `admin-1` for the first of `admin_keys`.

    Taken from the same two headers. Raises ApiError: 403 for one of `job_keys`, else 401.
    """
    offered = _offered(headers)
    number, job_number = _find(offered, admin_keys), _find(offered, job_keys)
    if number is not None:
        return f"admin-{number}"
    if job_number is not None:
        raise ApiError(403, "forbidden", "This key runs programs; /admin needs one of ADMIN_KEY")
    raise _unauthorized(headers, has_key=bool(offered))


def _unauthorized(headers: Mapping[str, str], *, has_key: bool) -> ApiError:
    """No key, or a wrong one; which of the two is in the details and, by RFC 6750, in a header."""
    if has_key:
        message = "this key is none of the server's"
    elif headers.get("Authorization", "").strip():
        message = "is not of the form: Bearer KEY"
    else:
        message = "is missing: send Authorization: Bearer KEY, or x-api-key: KEY"
    return ApiError(
        401,
        "unauthorized",
        "Unauthorized",
        problems=[Problem("Authorization", message)],
        challenge=f'{CHALLENGE}, error="invalid_token"' if has_key else CHALLENGE,
    )


def _find(offered: Sequence[bytes], keys: Sequence[str]) -> int | None:
    """The number of the last key that was offered, from 1; all are compared, in constant time."""
    found: int | None = None
    for each in offered:
        for number, key in enumerate(keys, start=1):
            if hmac.compare_digest(each, _to_bytes(key)):
                found = number
    return found


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
