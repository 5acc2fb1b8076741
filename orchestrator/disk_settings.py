"""The settings of what sandboxes read from the disk.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings


class DiskSettings(BaseSettings):
    """How much of the disk's time a sandbox may take."""

    disk_read_mb: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        64, description="What a sandbox may read from the disk, in MiB a second; 0: no bound."
    )
    disk_device: Annotated[str, Field(pattern=r"^(/dev/[A-Za-z0-9._/-]+)?$")] = Field(
        "",
        description="The disk that the engine's images are on, as the engine sees it (/dev/vda); "
        "empty: found by itself where the engine's folder is on this machine.",
    )
