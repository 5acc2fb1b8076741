"""The settings of connections: how many there may be, for how long, and whom they are from.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

Network = IPv4Network | IPv6Network
Connections = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class ConnectionSettings(BaseSettings):
    """Who connects."""

    max_connections: Connections = Field(1024, description="Most connections at once.")
    max_connections_per_address: Connections = Field(
        256,
        description="Most connections at once from one IPv4 address or IPv6 /64; those of "
        "TRUSTED_PROXIES have no such bound.",
    )
    header_timeout: Seconds = Field(
        10.0, description="Seconds a new connection has to send the head of its first request."
    )
    keepalive_timeout: Seconds = Field(
        75.0, description="Seconds a connection may be without a request before it is closed."
    )
    trusted_proxies: str = Field(
        "",
        description="Addresses and networks, comma-separated, of proxies that are believed when "
        "they say whom a request is from.",
    )
    fly_app_name: str = Field(
        "",
        description="Set by Fly.io itself; where it is, Fly-Client-IP counts before "
        "X-Forwarded-For.",
    )

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @cached_property
    def trusted_networks(self) -> tuple[Network, ...]:
        """`TRUSTED_PROXIES`; an address is a network of one."""
        return _networks(self.trusted_proxies)


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(entry.strip()) for entry in text.split(",") if entry.strip())
