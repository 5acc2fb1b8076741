"""The pool's data, and the pure decisions about it: who can be served, and how many wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from orchestrator.sandbox.model import SandboxSpec
from orchestrator.sandbox.spec import run_disk


@dataclass(frozen=True, slots=True)
class PoolProfile:
    """The sandboxes to keep ready for a language: `size` of them, made from `spec`.

    `server`: the argv of the prepared compiler started in each; empty: none. `memory_mb`: what one
    takes while it waits, in MiB. With `size` 0 one is kept ready on demand: from the first job that
    asks for it until none has for as long as a sandbox may wait.
    """

    spec: SandboxSpec
    size: int
    memory_mb: int
    server: tuple[str, ...] = ()
    server_env: Mapping[str, str] = field(default_factory=dict)

    def makes_same_sandbox(self, other: PoolProfile) -> bool:
        """Return whether sandboxes of this profile are the same as those of the other one."""
        mine = (self.spec, self.server, self.server_env)
        return mine == (other.spec, other.server, other.server_env)


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """Counts of sandboxes (waiting, in the making, wanted), and of hits and misses."""

    ready: int
    creating: int
    size: int
    hits: int
    misses: int


def can_serve(made: SandboxSpec, spec: SandboxSpec) -> bool:
    """Return whether a sandbox `made` earlier is as good as one made from `spec`.

    Memory and process limits can still be changed, the size of the writable folders can't.
    """
    return (
        (made.image, made.uses_compiler) == (spec.image, spec.uses_compiler)
        and run_disk(made) == run_disk(spec)
        and made.memory_bytes <= spec.memory_bytes
    )


def fit_pool_sizes(profiles: Mapping[str, PoolProfile], memory_mb: int) -> dict[str, int]:
    """Return the pool size for each profile: dealt out round robin until `memory_mb` is used."""
    sizes = dict.fromkeys(profiles, 0)
    while True:
        growing = _next_round(profiles, sizes, memory_mb)
        if growing == sizes:
            return sizes
        sizes = growing


def _next_round(
    profiles: Mapping[str, PoolProfile], sizes: Mapping[str, int], memory_mb: int
) -> dict[str, int]:
    grown = dict(sizes)
    for name, profile in profiles.items():
        spent = sum(grown[each] * profiles[each].memory_mb for each in grown)
        if grown[name] < profile.size and spent + profile.memory_mb <= memory_mb:
            grown[name] += 1
    return grown
