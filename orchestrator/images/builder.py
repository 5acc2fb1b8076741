"""Building images: the agent, the base, then a language's candidate.

Every image carries the digest of what it was made from as a label, so that one with nothing new in
it is told at the cost of a few inspections. No tag that jobs use is moved here: a candidate has yet
to be proved (`rebuild.py`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from orchestrator.engine.client import EngineClient
from orchestrator.engine.disk import DataRoot, DiskGuard
from orchestrator.engine.images import BUILD_DEADLINE_S, BuildRequest, build_image
from orchestrator.engine.one_off_container import run_one_off
from orchestrator.errors import ContainerNotFoundError, EngineError
from orchestrator.images.check_results import CheckResult
from orchestrator.images.context import build_context, parent_images, source_digest
from orchestrator.images.release import AGENT, BASE, RECIPE, SHARED, content_digest
from orchestrator.images.tags import (
    BASE_IMAGE,
    CANDIDATE,
    CURRENT,
    LABEL_CONTENT,
    LABEL_DEFINITION,
    image_name,
)
from orchestrator.languages.model import (
    LABEL_LANGUAGE,
    LABEL_SOURCE,
    LABEL_VERSION,
    InstalledLanguage,
    Language,
    LanguageFolder,
)
from orchestrator.settings import Settings

AGENT_TAG = image_name(AGENT, CURRENT)
BASE_TAG = image_name(BASE, CURRENT)
HOST_CERTIFICATES = Path("/usr/local/share/ca-certificates")

_VERSION = re.compile(r"\d+(?:\.\d+)*")


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


@dataclass(frozen=True, slots=True)
class Candidate:
    """A language's image, built from `folder` and not yet promoted."""

    folder: LanguageFolder
    digest: str
    version: str
    size_bytes: int = 0

    @property
    def installed(self) -> tuple[InstalledLanguage, ...]:
        """The folder's languages as they would be served."""
        return tuple(
            InstalledLanguage(language, self.version, self.digest, self.size_bytes)
            for language in self.folder.languages
        )


class BuildProgress(Protocol):
    """Hears what the builder does; `name` is a language's id, `_agent` or `_base`.

    For each name: `skipped`, or `started`, any number of `line`, then of `found`, and `finished`;
    or `failed` at any point. Called on the event loop; must not raise.
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
        """The image is built, and a language's promoted; `version` is empty for the others."""
        ...

    def checked(self, name: str, result: CheckResult) -> None:
        """A check of a language's new image has a result."""
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
        limits: BuildLimits = NO_LIMITS,
    ) -> None:
        """`certificates`: the folder of the host's extra CA certificates (`*.crt`)."""
        self._engine = engine
        self._images_dir = images_dir
        self._progress = progress
        self._certificates = certificates
        self._limits = limits

    async def build_shared(self) -> None:
        """Bring up to date what every language's image is made with: the agent and the base.

        Raises EngineError that names the image and the line that matters, ConfigurationError when
        its folder is missing.
        """
        await self._build_shared(AGENT, target="final")
        await self._build_shared(BASE, extra=self._host_certificates())

    async def is_current(self, folder: LanguageFolder) -> bool:
        """Whether the language's image was made from just what there is; after `build_shared`."""
        return await self._is_current(folder.languages[0].image, await self._source(folder))

    async def build(self, folder: LanguageFolder, *, no_cache: bool = False) -> Candidate:
        """The language's candidate, tagged as such; after `build_shared`.

        `no_cache`: every step is run again, and finds what Debian has by now. Raises EngineError
        with the line that matters.
        """
        main = folder.languages[0]
        source = await self._source(folder)
        toolchain = BuildRequest(build_context(folder.path), "", no_cache=no_cache)
        toolchain_id = await self._run_build(folder.id, toolchain)
        version = await self._ask_version(main, toolchain_id)
        request = BuildRequest(
            build_context(self._images_dir / "_sandbox"),
            image_name(folder.id, CANDIDATE),
            buildargs={"TOOLCHAIN": toolchain_id},
            labels={
                LABEL_LANGUAGE: folder.id,
                LABEL_VERSION: version,
                LABEL_SOURCE: source,
                LABEL_DEFINITION: folder.toml,
                LABEL_CONTENT: content_digest(self._images_dir, folder.id),
            },
        )
        digest = await self._run_build(folder.id, request)
        size = (await self._engine.inspect_image(digest))["Size"]
        return Candidate(folder, digest, version, size)

    async def _source(self, folder: LanguageFolder) -> str:
        parents = [AGENT_TAG, BASE_TAG, *parent_images(folder.path)]
        return source_digest(
            RECIPE,
            build_context(folder.path),
            build_context(self._images_dir / "_sandbox"),
            *[await self._image_id(parent) for parent in parents],
        )

    def _host_certificates(self) -> dict[str, bytes]:
        found = sorted(self._certificates.glob("*.crt"))
        return {f"ca-certificates/{path.name}": path.read_bytes() for path in found}

    async def _build_shared(
        self, image: str, *, target: str = "", extra: Mapping[str, bytes] | None = None
    ) -> None:
        name, tag = SHARED[image], image_name(image, CURRENT)
        context = build_context(self._images_dir / name, extra)
        with self._reporting(name):
            parents = [await self._image_id(p) for p in parent_images(self._images_dir / name)]
            source = source_digest(RECIPE, context, *parents)
            if await self._is_current(tag, source):
                self._progress.skipped(name)
            else:
                self._progress.started(name)
                content = content_digest(self._images_dir, image)
                labels = {LABEL_SOURCE: source, LABEL_CONTENT: content}
                await self._run_build(name, BuildRequest(context, tag, target, labels=labels))
                self._progress.finished(name, "")

    async def _ask_version(self, language: Language, image: str) -> str:
        output = await run_one_off(self._engine, image, language.version_command)
        version = parse_version(output)
        if version is None:
            command = " ".join(language.version_command)
            raise EngineError(f"{command}: there is no version in {output.strip()[:80]!r}")
        return version

    async def _run_build(self, name: str, request: BuildRequest) -> str:
        limits = self._limits
        return await build_image(
            self._engine,
            replace(request, memory_bytes=limits.memory_bytes),
            lambda line: self._progress.line(name, line),
            deadline_s=limits.deadline_s,
            disk=limits.disk,
        )

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
