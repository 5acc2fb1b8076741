"""Fixtures for the whole suite: the real engine, and a backend on it that leaves nothing behind."""

from __future__ import annotations

import logging
import secrets
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from orchestrator.engine.client import EngineClient
from orchestrator.sandbox.docker.backend import DockerBackend
from tests.sandbox_support import SOCKET, containers_of, make_traits
from tests.schedule import Schedule, pytest_collection_modifyitems  # noqa: F401 - a hook

# Whether an example takes long says how busy the machine is. `scripts/test --rest` tries many.
HOLDS_WHEN_BUSY = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", HOLDS_WHEN_BUSY, max_examples=20)
settings.register_profile("many", HOLDS_WHEN_BUSY, max_examples=300)
settings.load_profile("few")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Schedule | None:
    """Ours for the tests on the engine; pytest-xdist's own for all others."""
    return Schedule(config, log) if config.getoption("dist") == "loadscope" else None


@dataclass
class Docker:
    """A backend of an instance of its own, and an engine client beside it to look over it."""

    backend: DockerBackend
    engine: EngineClient
    instance: str

    async def names(self) -> set[str]:
        """The containers this instance has on the engine."""
        return {
            item["Names"][0].lstrip("/") for item in await containers_of(self.engine, self.instance)
        }


@pytest.fixture(autouse=True)
def _logging_as_it_was() -> Iterator[None]:
    """What a command set up for its process does not outlive the test that ran it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture
async def engine() -> AsyncIterator[EngineClient]:
    """A client of the real engine."""
    client = EngineClient(SOCKET, timeout_s=30, threads=4)
    yield client
    await client.close()


@pytest.fixture
async def docker(engine: EngineClient) -> AsyncIterator[Docker]:
    """A Docker backend; fails a test that left a container behind after the shutdown."""
    instance = secrets.token_hex(8)
    own = EngineClient(SOCKET, timeout_s=30, threads=4)
    backend = DockerBackend(own, make_traits(instance))
    found = Docker(backend, engine, instance)
    yield found
    await backend.shutdown()
    left = await found.names()
    for name in left:
        await engine.remove_container(name)
    assert left == set()
