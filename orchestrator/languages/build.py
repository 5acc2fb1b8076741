"""Building the language images: agent, base, then each language; only what has changed.

Every image carries the digest of what it was made from as a label. An image whose label matches is
left alone, so a build with nothing to do costs a few inspections. A tag moves to a new image only
when its whole build has succeeded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from orchestrator.engine.client import EngineClient
from orchestrator.engine.images import BuildRequest, build_image, run_once
from orchestrator.errors import ContainerNotFoundError, EngineError
from orchestrator.languages.context import build_context, parent_images, source_digest
from orchestrator.languages.model import (
    LABEL_LANGUAGE,
    LABEL_SOURCE,
    LABEL_VERSION,
    Language,
)
from orchestrator.languages.registry import Registry

AGENT_TAG = "codebae-runner/agent:current"
BASE_TAG = "codebae-runner/base:current"
HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")

_VERSION = re.compile(r"\d+(?:\.\d+)*")
# Part of every digest: raise it when what this module does to an image changes.
_RECIPE = b"1"


class BuildProgress(Protocol):
    """Hears what the builder does; `name` is a language's id, `_agent` or `_base`.

    For each name: `skipped`, or `started`, any number of `line` and `finished`; or `failed` at any
    point. Called on the event loop; must not raise.
    """

    def started(self, name: str) -> None:
        """The build of an image begins."""
        ...

    def line(self, name: str, text: str) -> None:
        """A line of the build's log, without its line end."""
        ...

    def skipped(self, name: str) -> None:
        """The image is there and made from just these files."""
        ...

    def finished(self, name: str, version: str) -> None:
        """The image is built and tagged; `version` is empty for `_agent` and `_base`."""
        ...

    def failed(self, name: str, message: str) -> None:
        """It could not be built; the exception with the same message follows."""
        ...


class ImageBuilder:
    """Builds from one folder of images on one engine."""

    def __init__(
        self,
        engine: EngineClient,
        images_dir: Path,
        progress: BuildProgress,
        certificates: Path = HOST_CERTIFICATES,
    ) -> None:
        """`certificates`: the folder of the host's extra CA certificates (`*.crt`)."""
        self._engine = engine
        self._images_dir = images_dir
        self._progress = progress
        self._certificates = certificates

    async def build(self, registry: Registry) -> None:
        """Bring every image up to date, in order, stopping at the first that fails.

        Raises EngineError that names the language and the line that matters, ConfigurationError
        when a folder of the build's own is missing.
        """
        agent_id = await self._build_shared("_agent", AGENT_TAG, target="final")
        base_id = await self._build_shared("_base", BASE_TAG, extra=self._host_certificates())
        for language in registry:
            with self._reporting(language.id):
                await self._build_language(language, agent_id, base_id)

    def _host_certificates(self) -> dict[str, bytes]:
        found = sorted(self._certificates.glob("*.crt"))
        return {f"ca-certificates/{path.name}": path.read_bytes() for path in found}

    async def _build_shared(
        self, name: str, tag: str, *, target: str = "", extra: Mapping[str, bytes] | None = None
    ) -> str:
        """The id of an image that the languages have in common, built if need be."""
        context = build_context(self._images_dir / name, extra)
        with self._reporting(name):
            parents = [await self._image_id(p) for p in parent_images(self._images_dir / name)]
            source = source_digest(_RECIPE, context, *parents)
            if await self._is_current(tag, source):
                self._progress.skipped(name)
            else:
                self._progress.started(name)
                labels = {LABEL_SOURCE: source}
                await self._run_build(name, BuildRequest(context, tag, target, labels=labels))
                self._progress.finished(name, "")
            return (await self._image_id(tag)).decode()

    async def _build_language(self, language: Language, agent_id: str, base_id: str) -> None:
        toolchain = build_context(language.folder)
        sandbox = build_context(self._images_dir / "_sandbox")
        parents = [await self._image_id(p) for p in parent_images(language.folder)]
        source = source_digest(
            _RECIPE, toolchain, sandbox, agent_id.encode(), base_id.encode(), *parents
        )
        if await self._is_current(language.image, source):
            self._progress.skipped(language.id)
            return
        self._progress.started(language.id)
        await self._run_build(language.id, BuildRequest(toolchain, language.toolchain_image))
        version = await self._ask_version(language)
        request = BuildRequest(
            sandbox,
            language.image,
            buildargs={"TOOLCHAIN": language.toolchain_image},
            labels={
                LABEL_LANGUAGE: language.id,
                LABEL_VERSION: version,
                LABEL_SOURCE: source,
            },
        )
        await self._run_build(language.id, request)
        self._progress.finished(language.id, version)

    async def _ask_version(self, language: Language) -> str:
        output = await run_once(self._engine, language.toolchain_image, language.version_command)
        version = parse_version(output)
        if version is None:
            command = " ".join(language.version_command)
            raise EngineError(f"{command}: there is no version in {output.strip()[:80]!r}")
        return version

    async def _run_build(self, name: str, request: BuildRequest) -> None:
        await build_image(self._engine, request, lambda line: self._progress.line(name, line))

    async def _is_current(self, tag: str, source: str) -> bool:
        try:
            image = await self._engine.inspect_image(tag)
        except ContainerNotFoundError:
            return False
        return (image["Config"].get("Labels") or {}).get(LABEL_SOURCE) == source

    async def _image_id(self, tag: str) -> bytes:
        """The image's id; empty for one the builder has yet to pull.

        (The build after that one then finds another digest and builds once more, out of its cache.)
        """
        try:
            return str((await self._engine.inspect_image(tag))["Id"]).encode()
        except ContainerNotFoundError:
            return b""

    @contextmanager
    def _reporting(self, name: str) -> Iterator[None]:
        try:
            yield
        except EngineError as err:
            self._progress.failed(name, str(err))
            raise type(err)(f"{name}: {err}") from err


def parse_version(output: str) -> str | None:
    """The first version number in the first line that has a digit; None when none has."""
    match = _VERSION.search(output)
    return match[0] if match else None
