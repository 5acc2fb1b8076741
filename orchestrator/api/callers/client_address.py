"""Whom a request is from: the other end of its connection, or whom a trusted proxy names. No I/O.

The only module that reads `Fly-Client-IP` and `X-Forwarded-For`.
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Protocol

from orchestrator.api.keys import SETTINGS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aiohttp import web

    from orchestrator.settings.http import Network

Address = IPv4Address | IPv6Address

FLY = "Fly-Client-IP"
FORWARDED = "X-Forwarded-For"
MAX_HOPS = 32
"""Proxies in a row that are looked at; a client may write as many as a header has room for."""
HOME_BITS = 64
"""What a client is given of an IPv6 address, at least; the rest is its own to choose."""


class Headers(Protocol):
    """What is asked of a request's headers; names are looked up in any case."""

    def getall(self, key: str, default: list[str], /) -> list[str]:
        """Every value of that name, in order."""
        ...


def client_of(request: web.Request) -> str:
    """The address of a request's client; empty where there is none."""
    settings = request.config_dict[SETTINGS]
    return client_address(
        request.remote or "",
        request.headers,
        settings.trusted_networks,
        on_fly=bool(settings.fly_app_name),
    )


def client_address(
    peer: str, headers: Headers, trusted: Sequence[Network], *, on_fly: bool = False
) -> str:
    """The client's address: `peer`, unless that is a trusted proxy and names another.

    Of `X-Forwarded-For` it is the last that is not trusted itself: what comes before is only what
    that one says. `Fly-Client-IP` counts where there is no such header, and `on_fly` before it:
    Fly's proxy sets it whatever the client has sent; others pass it on. What is no address is
    passed over, with all that comes before it.
    """
    if not is_trusted(peer, trusted):
        return peer
    chain = list(_forwarded(headers))
    fly = _parse("".join(headers.getall(FLY, [])[:1]))
    if fly is not None and (on_fly or not chain):
        return str(fly)
    nearest = peer
    for address in chain:
        if address is None:
            break
        nearest = str(address)
        if not _is_in(address, trusted):
            break
    return nearest


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether a connection from `peer` is a trusted proxy's."""
    if not trusted:
        return False
    address = _parse(peer)
    return address is not None and _is_in(address, trusted)


def home(address: str) -> str:
    """What counts as one client: an IPv4 address, or the /64 that an IPv6 address is in."""
    parsed = _parse(address)
    if not isinstance(parsed, IPv6Address):
        return str(parsed or address)
    return str(IPv6Network((int(parsed), HOME_BITS), strict=False))


def _forwarded(headers: Headers) -> Iterator[Address | None]:
    """Who is named, the last one first; None: no address."""
    values = headers.getall(FORWARDED, [])
    words = (word for value in reversed(values) for word in reversed(value.split(",")))
    for _, word in zip(range(MAX_HOPS), words, strict=False):
        yield _parse(word.strip())


def _parse(text: str) -> Address | None:
    """An address, a port behind it or not; one of IPv4 that is written as IPv6 is one of IPv4."""
    bare = text.strip()
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        address = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
