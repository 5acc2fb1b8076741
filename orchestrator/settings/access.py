"""The settings of keys.

A part of `settings.py`; docs/reference/settings.md has a line for each.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings


def _split(keys: SecretStr) -> tuple[str, ...]:
    return tuple(key.strip() for key in keys.get_secret_value().split(",") if key.strip())


class AccessSettings(BaseSettings):
    """Who may use the service."""

    api_key: SecretStr = Field(
        SecretStr(""),
        description="Key or comma-separated keys that may run programs. `serve` refuses to start "
        "without one, here or in KEYS_FILE.",
    )
    admin_key: SecretStr = Field(
        SecretStr(""),
        description="Key or comma-separated keys that may administer; none of API_KEY's. Without "
        "one there is no /admin.",
    )
    keys_file: str = Field(
        "",
        description="A file of further keys, each with a name, a weight, caps and scopes; read "
        "again whenever it changes.",
    )
    max_wrong_keys: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        60,
        description="Wrong keys an address may send in a minute; further ones get 429. 0: any "
        "number.",
    )

    @cached_property
    def keys_path(self) -> Path | None:
        """`KEYS_FILE`, where there is one."""
        return Path(self.keys_file) if self.keys_file.strip() else None

    @cached_property
    def api_keys(self) -> tuple[str, ...]:
        """The keys, without blanks."""
        return _split(self.api_key)

    @cached_property
    def admin_keys(self) -> tuple[str, ...]:
        """The admins' keys, without blanks; none: nobody administers over HTTP."""
        return _split(self.admin_key)
