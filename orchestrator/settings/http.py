"""The settings of connections and of Piston's API.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

import re
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings

from orchestrator.settings.consistency import least_held_mb
from orchestrator.settings.engine import EmbeddedSettings

_ORIGIN = re.compile(r"https?://[^/\s?#@]+", re.IGNORECASE)

Network = IPv4Network | IPv6Network
Connections = Annotated[int, Field(ge=1, le=1_000_000)]
Seconds = Annotated[float, Field(gt=0, le=3600)]
Milliseconds = Annotated[int, Field(ge=1, le=3_600_000)]
MemoryLimit = Annotated[int, Field(ge=-1, le=1 << 40)]


class ConnectionSettings(EmbeddedSettings):
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
    max_held_mb: Annotated[int, Field(ge=0, le=1 << 20)] = Field(
        0,
        description="Memory for bodies, jobs and answers while they are held, in MiB; beyond it "
        "requests get 429; 0: 1/16 of what there is.",
    )
    cors_origins: str = Field(
        "",
        description="Origins, comma-separated, whose web pages may use the service from a browser; "
        "*: any.",
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

    @field_validator("cors_origins")
    @classmethod
    def _are_origins(cls, value: str) -> str:
        for origin in _split(value):
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin such as https://example.org")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: str) -> str:
        _networks(value)
        return value

    @cached_property
    def held_bytes(self) -> int:
        """`MAX_HELD_MB`, resolved, in bytes."""
        usual = max(self.total_memory_mb // 16, least_held_mb(vars(self)))
        return (self.max_held_mb or usual) << 20

    @cached_property
    def allowed_origins(self) -> frozenset[str]:
        """`CORS_ORIGINS`, in lower case."""
        return frozenset(origin.lower() for origin in _split(self.cors_origins))

    @cached_property
    def trusted_networks(self) -> tuple[Network, ...]:
        """`TRUSTED_PROXIES`; an address is a network of one."""
        return _networks(self.trusted_proxies)


class PistonSettings(BaseSettings):
    """What `/api/v2` gives, and to whom."""

    piston_needs_key: bool = Field(
        True,  # noqa: FBT003 - pydantic's own form
        description="Whether Piston's API takes only requests with one of API_KEY's or "
        "KEYS_FILE's keys.",
    )
    piston_max_body_size: Annotated[int, Field(ge=1, le=1 << 30)] = Field(
        4 << 20, description="Piston's API: most bytes of a request body, unpacked."
    )
    piston_compile_timeout: Milliseconds = Field(
        10_000, description="Piston's API: longest wall time of a compile, in ms."
    )
    piston_run_timeout: Milliseconds = Field(
        3000, description="Piston's API: longest wall time of a run, in ms."
    )
    piston_compile_cpu_time: Milliseconds = Field(
        10_000, description="Piston's API: longest CPU time of a compile, in ms."
    )
    piston_run_cpu_time: Milliseconds = Field(
        3000, description="Piston's API: longest CPU time of a run, in ms."
    )
    piston_compile_memory_limit: MemoryLimit = Field(
        -1, description="Piston's API: most memory of a compile, in bytes; -1: nothing is refused."
    )
    piston_run_memory_limit: MemoryLimit = Field(
        -1, description="Piston's API: most memory of a run, in bytes; -1: nothing is refused."
    )
    piston_output_max_size: Annotated[int, Field(ge=1, le=1 << 30)] = Field(
        1024, description="Piston's API: most bytes of stdout, and of stderr, a stage may print."
    )


def _split(text: str) -> list[str]:
    return [entry.strip() for entry in text.split(",") if entry.strip()]


def _networks(text: str) -> tuple[Network, ...]:
    return tuple(ip_network(entry) for entry in _split(text))
