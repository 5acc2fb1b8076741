"""Which key a request has: one that runs programs, or an admin's."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from orchestrator.access.model import Key, Scope, to_bytes
from orchestrator.api.errors import CHALLENGE, ApiError, Problem, unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestrator.access.ring import KeyRing

KEY_PROTOCOL = "codebae.key."
"""What a WebSocket protocol begins with that is a key in base64url, where no header can be set."""


class WrongKeyError(ApiError):
    """A key was sent and it is none that will do: who does this often is guessing."""


def authenticate(headers: Mapping[str, str], ring: KeyRing, *, protocols: str = "") -> Key:
    """The caller's key, by its name; what was sent is kept nowhere.

    Taken from `Authorization: Bearer KEY` (the scheme in any case), from `x-api-key: KEY`, or from
    the comma-separated WebSocket `protocols`; `headers` must look names up in any case. Of several
    the first that is one counts. Raises ApiError (401); WrongKeyError where a key was sent.
    """
    offered = [*_offered(headers), *_offered_as_protocols(protocols)]
    for each in offered:
        found = ring.find(each)
        if found is not None:
            return found
    raise _unauthorized(headers, has_key=bool(offered))


def authenticate_admin(headers: Mapping[str, str], ring: KeyRing) -> Key:
    """The admin's key, from the same two headers.

    Raises ApiError (401); WrongKeyError where a key was sent, with 403 for one that is no admin's.
    """
    offered = _offered(headers)
    for each in offered:
        found = ring.find_admin(each)
        if found is not None:
            return found
    if any(ring.find(each) for each in offered):
        raise WrongKeyError(
            403, "forbidden", "This key runs programs; /admin needs one of ADMIN_KEY"
        )
    raise _unauthorized(headers, has_key=bool(offered))


def authenticate_either(headers: Mapping[str, str], ring: KeyRing) -> Key | None:
    """The key of a caller who needs none; None where none was sent. Raises WrongKeyError."""
    offered = _offered(headers)
    for each in offered:
        found = ring.find(each) or ring.find_admin(each)
        if found is not None:
            return found
    if offered:
        raise _unauthorized(headers, has_key=True)
    return None


def require(key: Key, scope: Scope) -> None:
    """Raise ApiError (403) unless the key is for that."""
    if scope not in key.scopes:
        raise ApiError(
            403,
            "insufficient_scope",
            f"This key ({key.name}) lacks the scope {scope.value}",
            challenge=f'{CHALLENGE}, error="insufficient_scope", scope="{scope.value}"',
        )


def _unauthorized(headers: Mapping[str, str], *, has_key: bool) -> ApiError:
    """No key, or a wrong one; which of the two is in the details and, by RFC 6750, in a header."""
    if has_key:
        message = "this key is none of the server's"
    elif headers.get("Authorization", "").strip():
        message = "is not of the form: Bearer KEY"
    else:
        message = "is missing: send Authorization: Bearer KEY, or x-api-key: KEY"
    kind = WrongKeyError if has_key else ApiError
    return unauthorized([Problem("Authorization", message)], has_key=has_key, kind=kind)


def _offered(headers: Mapping[str, str]) -> list[bytes]:
    scheme, _, credentials = headers.get("Authorization", "").strip().partition(" ")
    bearer = credentials.strip() if scheme.lower() == "bearer" else ""
    return [to_bytes(key) for key in (bearer, headers.get("X-Api-Key", "").strip()) if key]


def _offered_as_protocols(protocols: str) -> list[bytes]:
    if not protocols:
        return []
    names = (name.strip() for name in protocols.split(","))
    coded = [name.removeprefix(KEY_PROTOCOL) for name in names if name.startswith(KEY_PROTOCOL)]
    return [key for key in map(_from_base64url, coded) if key]


def _from_base64url(text: str) -> bytes:
    """Nothing where it is none; the padding may be left out, as a protocol's name has to."""
    try:
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
