"""A made-up fifth language, `shout`, and an engine that only pretends to build it."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import requests
from docker import errors as docker_errors
from docker.transport import UnixHTTPAdapter

from orchestrator.engine.client import EngineClient

TOML = """\
id = "shout"
name = "Shout"
aliases = ["awk", "Loud"]
version = ["sh", "-c", "echo shouting on; echo version 1.2.3-4"]

[source]
name = "main.awk"
extensions = [".awk"]

[run]
command = ["awk", "-f", "{main}", "{args}"]

[limits]
memory_mb = 64
processes = 8

[samples]
hello = { stdout = "HELLO\\n" }
"""
DOCKERFILE = "FROM codebae-runner/base:current\nRUN echo loud > /etc/shout\n"
HELLO = 'BEGIN { print toupper("hello") }\n'


def write_language(images_dir: Path, language_id: str = "shout", toml: str = TOML) -> Path:
    """The language's folder, newly written, with `toml` (its id replaced) for a description."""
    folder = images_dir / language_id
    (folder / "samples").mkdir(parents=True)
    (folder / "language.toml").write_text(toml.replace('id = "shout"', f'id = "{language_id}"'))
    (folder / "Dockerfile").write_text(DOCKERFILE)
    (folder / "samples" / "hello.awk").write_text(HELLO)
    return folder


def write_shared(images_dir: Path) -> None:
    """Stand-ins for the build's own folders."""
    for name in ("_agent", "_base", "_sandbox"):
        (images_dir / name).mkdir(parents=True)
    (images_dir / "_agent" / "Dockerfile").write_text("FROM scratch AS final\n")
    (images_dir / "_base" / "Dockerfile").write_text("FROM debian:bookworm-slim\n")
    (images_dir / "_sandbox" / "Dockerfile").write_text("ARG TOOLCHAIN\nFROM ${TOOLCHAIN}\n")


def not_found(text: str) -> docker_errors.NotFound:
    """What the SDK raises for a 404."""
    response = requests.Response()
    response.status_code = 404
    return docker_errors.NotFound("404", response, text)


def conflict(text: str) -> docker_errors.APIError:
    """What the SDK raises for a 409."""
    response = requests.Response()
    response.status_code = 409
    return docker_errors.APIError("409", response, text)


class FakeImages(dict[str, dict[str, Any]]):
    """Images by name, and those without one; called, it lists them, as the SDK's method does."""

    def __init__(self) -> None:
        super().__init__()
        self.unnamed: dict[str, dict[str, Any]] = {}

    def __call__(
        self, filters: Mapping[str, Sequence[str]] | None = None, *, quiet: bool = False
    ) -> list[Any]:
        if filters is None:
            assert quiet
            return [image["Id"] for image in self.values()]
        if "reference" in filters:
            (pattern,) = filters["reference"]
            return [_listed(image, [n]) for n, image in self.items() if fnmatchcase(n, pattern)]
        assert filters["dangling"] == ["true"]
        key, _, value = filters["label"][0].partition("=")
        return [
            _listed(image, ["<none>:<none>"])
            for image in self.unnamed.values()
            if key in _labels_of(image) and value in {"", _labels_of(image)[key]}
        ]

    def find(self, name: str) -> dict[str, Any] | None:
        """By name or id."""
        named = (image for image in self.values() if image["Id"] == name)
        return self.get(name) or self.unnamed.get(name) or next(named, None)


def _labels_of(image: dict[str, Any]) -> dict[str, str]:
    return image["Config"]["Labels"] or {}


def _listed(image: dict[str, Any], names: list[str]) -> dict[str, Any]:
    more = {"Labels": image["Config"]["Labels"], "RepoTags": names, "Created": image["Created"]}
    return {"Id": image["Id"], "Size": image["Size"], **more}


class FakeApi:
    """Stands for the SDK's client: images by tag, and a builder that reads `RUN` lines as a plan.

    `RUN fail TEXT` prints TEXT and fails, `RUN say TEXT` prints it; anything else does nothing.
    """

    def __init__(self) -> None:
        self.timeout = 0.0
        self.images = FakeImages()
        self.in_use: set[str] = set()
        self.builds: list[dict[str, Any]] = []
        self.containers: dict[str, dict[str, Any]] = {}
        self.removed: list[str] = []
        self.output = b"shouting\nversion 1.2.3-4\n"
        self.exit_code = 0
        self.wait_error: Exception | None = None
        self.add_image("debian:bookworm-slim")

    def add_image(self, tag: str, **labels: str) -> None:
        image_id = f"sha256:{len(self.builds):064}"
        image = {"Id": image_id, "Size": 5_000_000, "Config": {"Labels": labels or None}}
        self.images[tag] = {**image, "Created": len(self.builds)}

    def inspect_image(self, name: str) -> dict[str, Any]:
        image = self.images.find(name)
        if image is None:
            raise not_found(f"No such image: {name}")
        return {**image, "RepoTags": [n for n, each in self.images.items() if each == image]}

    def tag(self, name: str, repository: str, tag: str) -> None:
        image = self.images.find(name)
        if image is None:
            raise not_found(f"No such image: {name}")
        old = self.images.get(f"{repository}:{tag}")
        self.images[f"{repository}:{tag}"] = image
        self.images.unnamed.pop(image["Id"], None)
        if old is not None and old not in self.images.values():
            self.images.unnamed[old["Id"]] = old

    def remove_image(self, name: str) -> None:
        image = self.images.find(name)
        if image is None:
            raise not_found(f"No such image: {name}")
        names = [each for each in self.images if self.images[each] == image]
        if len(names) < 2 and image["Id"] in self.in_use:
            raise conflict(f"container 0 is using image {image['Id']}")
        if name in self.images:
            del self.images[name]
        else:
            assert not names, "by id, the engine takes an only name off"
            del self.images.unnamed[name]

    def build(self, **request: Any) -> Iterator[dict[str, Any]]:
        self.builds.append(request)
        with tarfile.open(fileobj=request["fileobj"]) as tar:
            dockerfile = tar.extractfile("Dockerfile")
            assert dockerfile is not None
            steps = dockerfile.read().decode().splitlines()
        for number, step in enumerate(steps, 1):
            yield {"stream": f"Step {number}/{len(steps)} : {step}\n"}
            yield {"stream": " ---> 0123456789ab\n"}
            word, _, text = step.removeprefix("RUN ").partition(" ")
            if word in {"say", "fail"}:
                yield {"stream": f"\x1b[91m{text}\n\x1b[0m"}
            if word == "fail":
                yield {"stream": "Removing intermediate container 0123456789ab\n"}
                yield {"error": f"The command '/bin/sh -c {step}' returned a non-zero code: 7"}
                return
        tag = request["tag"] or f"untagged-{len(self.builds)}"
        self.add_image(tag, **request["labels"])
        yield {"aux": {"ID": self.images[tag]["Id"]}}

    def info(self) -> dict[str, Any]:
        return {"DockerRootDir": "/nowhere", "Driver": "overlay2"}

    def create_container_from_config(self, config: dict[str, Any], name: str) -> None:
        self.inspect_image(config["Image"])
        self.containers[name] = config

    def start(self, name: str) -> None:
        assert name in self.containers

    def wait(self, name: str, timeout: float) -> dict[str, int]:
        assert name in self.containers
        assert timeout > 0
        if self.wait_error:
            raise self.wait_error
        return {"StatusCode": self.exit_code}

    def logs(self, name: str, tail: int) -> bytes:
        assert name in self.containers
        assert tail > 0
        return self.output

    def remove_container(self, name: str, **options: bool) -> None:
        assert options == {"force": True, "v": True}
        self.removed.append(name)
        if name not in self.containers:
            raise not_found(f"No such container: {name}")

    def close(self) -> None:
        pass


class FakeEngine(EngineClient):
    """The real client, threads and translation of errors included, over a FakeApi."""

    def __init__(self) -> None:
        super().__init__("unix:///nowhere", timeout_s=5, threads=2)
        self.api = FakeApi()

    async def api_version(self) -> str:
        return "1.41"

    def _client(self, version: str) -> Any:
        del version
        return self.api

    async def ping(self) -> None:
        pass

    async def new_client(self, adapter: UnixHTTPAdapter) -> Any:
        del adapter
        return self.api
