"""Which server a command is for: the options `--url` and `--key`."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import click

from orchestrator.errors import ConfigurationError
from orchestrator.settings import Settings, load_settings
from orchestrator.settings.images import DEFAULT_IMAGES_DIR

Command = TypeVar("Command", bound=Callable[..., None])

PATHS = ("/execute/ws", "/execute", "/health", "/stats", "/languages", "/admin")
"""What an address may end in that was meant for one request."""
EVERYWHERE = {"", "0.0.0.0", "127.0.0.1", "::", "::1"}  # noqa: S104 - compared with


@dataclass(frozen=True, slots=True)
class Server:
    """A server and the key it wants; `url` without a slash at its end."""

    url: str
    key: str


def server_options(
    key_variable: str, *, needs_server: bool = False
) -> Callable[[Command], Command]:
    """Give a command the options, and the parameter `server`.

    That is None where no `--url` is given; with `needs_server` the one that these settings would
    start here. `key_variable`: the variable that has the key when `--key` does not say it; of
    several comma-separated ones the first.
    """

    def decorate(command: Command) -> Command:
        @click.option("--url", envvar="RUNNER_URL", help="A server, as in http://localhost:3000.")
        @click.option("--key", help=f"Its key; by default {key_variable} has it.")
        @functools.wraps(command)
        def with_server(*, url: str | None, key: str | None, **rest: Any) -> None:
            if not url and needs_server:
                url = local_url()
            if not url and key is not None:
                raise click.UsageError("--key is a server's: it needs --url")
            server = find_server(url, key, key_variable) if url else None
            command(server=server, **rest)

        return with_server  # type: ignore[return-value]

    return decorate


def find_server(url: str, key: str | None, key_variable: str) -> Server:
    """Raises ClickException when it is no address, or there is no key."""
    if key is None:
        key = _configured_key(key_variable)
    if not key or not key.isprintable():
        raise click.ClickException(f"the server wants a key: --key, or {key_variable}")
    return Server(to_root(url), key)


def local_url() -> str:
    """Where a server with these settings listens. Raises ClickException."""
    settings = _settings()
    return address(settings.host, settings.port)


def address(host: str, port: int) -> str:
    """Where one that listens on `host` is found from this machine."""
    if host in EVERYWHERE:
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def images_dir() -> Path:
    """Where this machine's language folders are, whatever else is set wrongly."""
    try:
        return load_settings().images_dir
    except ConfigurationError:
        return DEFAULT_IMAGES_DIR


def _settings() -> Settings:
    try:
        return load_settings()
    except ConfigurationError as err:
        raise click.ClickException(str(err)) from err


def _configured_key(variable: str) -> str:
    settings = _settings()
    keys = settings.admin_keys if variable == "ADMIN_KEY" else settings.api_keys
    return keys[0] if keys else ""


def to_root(url: str) -> str:
    """The server's address without a request's path at its end. Raises ClickException."""
    try:
        parts = urlsplit(url.strip())
        is_address = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        is_address = False
        parts = urlsplit("")
    if not is_address or parts.username is not None:
        raise click.ClickException(f"--url {url!r} is no address such as http://localhost:3000")
    path = parts.path.rstrip("/")
    for known in PATHS:
        if path.endswith(known):
            path = path.removesuffix(known).rstrip("/")
            break
    return urlunsplit((parts.scheme, parts.netloc, path, "", ""))
