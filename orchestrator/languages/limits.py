"""What the build of an image may take, as the settings say."""

from __future__ import annotations

from dataclasses import dataclass

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DataRoot, DiskGuard
from orchestrator.engine.images import BUILD_DEADLINE_S
from orchestrator.languages.tags import BASE_IMAGE
from orchestrator.settings import Settings


@dataclass(frozen=True, slots=True)
class BuildLimits:
    """Time, memory of a step (0: all there is) and room on the disk (None: not looked at)."""

    deadline_s: float = BUILD_DEADLINE_S
    memory_bytes: int = 0
    disk: DiskGuard | None = None


NO_LIMITS = BuildLimits()


def build_limits(engine: EngineClient, settings: Settings) -> BuildLimits:
    """`BUILD_TIMEOUT`, `BUILD_MEMORY_MB` and `BUILD_MIN_DISK_MB`, resolved for this engine."""
    disk = None
    if settings.build_min_disk_mb:
        root = DataRoot(engine, BASE_IMAGE)
        disk = DiskGuard(root.free_bytes, settings.build_min_disk_mb << 20)
    memory_mb = settings.build_memory_mb or settings.total_memory_mb // 2
    return BuildLimits(settings.build_timeout, memory_mb << 20, disk)
