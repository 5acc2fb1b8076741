"""The settings of where the engine comes from, and images that need not be built here.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings

from orchestrator.machine import (
    container_cpus,
    container_memory_mb,
    machine_cpus,
    machine_memory_mb,
)

EXTERNAL = "external"
EMBEDDED = "embedded"
_REGISTRY_PATTERN = r"^([a-z0-9.-]+(:\d+)?(/[a-z0-9._-]+)*)?$"


class EmbeddedSettings(BaseSettings):
    """Whose engine it is, and what there is to share out beside it."""

    engine: Annotated[str, Field(pattern=rf"^({EXTERNAL}|{EMBEDDED})$")] = Field(
        EXTERNAL,
        description="external: an engine that runs already; embedded: the server starts one of its "
        "own at DOCKER_HOST, and looks after it.",
    )
    engine_data_root: Path = Field(
        Path("/var/lib/docker"), description="Where an embedded engine keeps its data."
    )
    image_registry: Annotated[str, Field(pattern=_REGISTRY_PATTERN)] = Field(
        "",
        description="Where an embedded engine gets the languages' images from, as in "
        "`registry.example/codebae-runner`: those of this version alone; empty: they are built.",
    )
    base_image_tar: str = Field(
        "",
        description="A tar (.xz) that an embedded engine takes for debian:bookworm-slim when it "
        "has none.",
    )

    @cached_property
    def is_embedded(self) -> bool:
        """Whether the engine is ours, and lives and dies with us."""
        return self.engine == EMBEDDED

    @cached_property
    def total_memory_mb(self) -> int:
        """The memory that server, engine and jobs share, in MiB.

        The container's limit counts where the engine is in the same container: an external one
        runs jobs outside of it.
        """
        return container_memory_mb() if self.is_embedded else machine_memory_mb()

    @cached_property
    def cpus(self) -> int:
        """The CPUs that they share."""
        return container_cpus() if self.is_embedded else machine_cpus()
