"""Who asks, and whether they may: the first two steps of every request that needs a key.

`who` tells the key, `admit` what it may do: scope, readiness, rate, ticket, in this order. What is
wrong is an ApiError; a wrong key is logged with its client's address, and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import structlog
from aiohttp import web

from orchestrator.access.model import Key, Scope
from orchestrator.access.ring import KeyRing
from orchestrator.api.callers.auth import (
    WrongKeyError,
    authenticate,
    authenticate_admin,
    authenticate_either,
    require,
)
from orchestrator.api.callers.client_address import client_of
from orchestrator.api.callers.guesses import Guesses
from orchestrator.api.callers.rates import Quota, Rates, too_many
from orchestrator.api.errors import ApiError, Problem, invalid, unavailable
from orchestrator.api.keys import ADMISSION, MEMORY_BUDGETS, READINESS, RING, SETTINGS
from orchestrator.jobs.queue.admission import Ticket
from orchestrator.jobs.queue.key_queue import FairShare

K = TypeVar("K", Key, Key | None)

CLIENT_ID = "X-Client-Id"
CLIENT_ID_PATTERN = r"[A-Za-z0-9._:@+-]{1,64}"
_CLIENT_ID = re.compile(CLIENT_ID_PATTERN)
MAX_SHOWN = 100
GUESSES = web.AppKey("guesses", Guesses)
RATES = web.AppKey("rates", Rates)
KEY_NAME = web.RequestKey("key_name", str)
QUOTA = web.RequestKey("quota", Quota)

log = structlog.get_logger(__name__)


def set_up_callers(app: web.Application, ring: KeyRing) -> None:
    """Give the application its keys and what is counted of their use."""
    app[RING] = ring
    app[GUESSES] = Guesses(app[SETTINGS].max_wrong_keys)
    app[RATES] = Rates()
    app.on_response_prepare.append(_add_quota)
    keys_changed(app)


def keys_changed(app: web.Application) -> None:
    """The ring has other keys than before: their shares hold from now on."""
    keys = app[RING].keys
    shares = {key.name: FairShare(key.weight, key.max_jobs) for key in keys}
    if not app[SETTINGS].piston_needs_key:
        shares[ANYBODY.name] = FairShare()
    app[ADMISSION].expect(shares)
    app[MEMORY_BUDGETS].set_key_count(len(shares))
    app[RATES].forget_all_but(keys)


ANYBODY = Key("piston", b"", frozenset({Scope.RUN}))
"""The key of all who need none, where Piston's API needs none."""


def who(request: web.Request, *, protocols: str = "") -> Key:
    """The caller's key. Raises ApiError (401; 429 after too many wrong ones)."""
    ring = request.app[RING]
    return known(request, lambda: authenticate(request.headers, ring, protocols=protocols))


def who_administers(request: web.Request) -> str:
    """The name of the admin's key. Raises ApiError: also 403, for a key that runs programs."""
    ring = request.app[RING]
    return known(request, lambda: authenticate_admin(request.headers, ring)).name


def who_watches(request: web.Request) -> Key | None:
    """The key of a caller who needs none: any there is, or None. Raises ApiError as `who` does."""
    ring = request.app[RING]
    return known(request, lambda: authenticate_either(request.headers, ring))


def known(request: web.Request, find: Callable[[], K]) -> K:
    """The key that `find` finds; a wrong one is logged and counted. Raises ApiError."""
    try:
        key = find()
    except WrongKeyError as err:
        raise _counted(request, err) from err
    if key is not None:
        request[KEY_NAME] = key.name
    return key


def _counted(request: web.Request, err: WrongKeyError) -> ApiError:
    """One more wrong key. A flood of them is a line for the first too many of each minute."""
    client = client_of(request)
    count, wait_s = request.app[GUESSES].add(client)
    if not wait_s or count == request.app[SETTINGS].max_wrong_keys + 1:
        log.warning(
            "throttled" if wait_s else "wrong_key",
            client=client,
            path=request.rel_url.raw_path[:MAX_SHOWN],
            code=err.code,
            in_this_minute=count,
        )
    if not wait_s:
        return err
    text = "Too many wrong keys came from this address, try again later"
    return ApiError(429, "rate_limited", text, retry_after_s=wait_s, challenge=err.challenge)


def admit(request: web.Request, key: Key) -> Ticket:
    """A ticket for a program to be run. Raises ApiError, QueueFullError and DrainingError."""
    require(key, Scope.RUN)
    client = client_id(request)
    check_ready(request.app)
    quota, is_allowed = request.app[RATES].take(key)
    if quota is not None:
        request[QUOTA] = quota
        if not is_allowed:
            raise too_many(quota)
    return request.app[ADMISSION].ticket(key.name, client)


def check_ready(app: web.Application) -> None:
    """Raise ApiError (503) while no program can be run."""
    reason = app[READINESS].reason
    if reason is not None:
        raise unavailable("engine_unavailable", f"Not ready to run programs: {reason}")


def client_id(request: web.Request) -> str:
    """Who of the key's many clients asks; empty where it is not said. Raises ApiError (400)."""
    text = request.headers.get(CLIENT_ID, "")
    if text and not _CLIENT_ID.fullmatch(text):
        raise invalid(
            [Problem(CLIENT_ID, "must be 1 to 64 characters out of A-Z a-z 0-9 . _ : @ + -")]
        )
    return text


async def _add_quota(request: web.BaseRequest, response: web.StreamResponse) -> None:
    """Before an answer leaves, refusals and streams included: what the key has left."""
    quota = request.get(QUOTA)
    if quota is not None:
        response.headers.update(quota.headers)
