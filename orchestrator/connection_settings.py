"""The settings of connections: whom they are from.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

Network = IPv4Network | IPv6Network


class ConnectionSettings(BaseSettings):
    """Who connects."""

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
