"""A fifth language, from a folder alone, on the real engine."""

from __future__ import annotations

import asyncio
import io
import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from orchestrator.cli.builds import run_build
from orchestrator.engine.one_off_container import run_one_off
from orchestrator.errors import ContainerNotFoundError, RebuildError
from orchestrator.images.description import describe_image
from orchestrator.images.store import ImageStore
from orchestrator.languages.registry import load_languages
from orchestrator.languages.sources import main_file_name, run_argv
from orchestrator.sandbox.model import SandboxSpec, SourceFile, Stage, StageKind, StageReport
from orchestrator.sandbox.model import Stream as OutputStream
from orchestrator.settings import Settings
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.docker.marked import remove_images
from tests.languages_support import TOML, write_language
from tests.sandbox_support import DEADLINE_S

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from orchestrator.engine.client import EngineClient
    from orchestrator.languages.model import Language
    from tests.conftest import Docker

pytestmark = [pytest.mark.docker]


@pytest.fixture
async def shout(tmp_path: Path, engine: EngineClient) -> AsyncIterator[Language]:
    """The language's folder beside the real shared ones; its images go at the end."""
    images = tmp_path / "images"
    for name in ("_agent", "_base", "_sandbox"):
        shutil.copytree(DEFAULT_IMAGES_DIR / name, images / name)
    write_language(images, f"shout-{secrets.token_hex(4)}")
    (language,) = load_languages(images, [folder_id(images)])
    yield language
    await remove_images(engine, language.id)


def folder_id(images: Path) -> str:
    return next(path.name for path in images.iterdir() if path.name.startswith("shout"))


async def build(language: Language, console: Console) -> None:
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]
        images_dir=language.folder.parent,
        languages=language.id,
        state_dir=language.folder.parent.parent / "state",
    )
    await run_build(settings, [], console)


def printed(console: Console) -> str:
    """What it has printed since it was last asked."""
    file = console.file
    assert isinstance(file, io.StringIO)
    text = file.getvalue()
    file.seek(0)
    file.truncate()
    return text


def text_of(path: str) -> str:
    return Path(path).read_text()


async def image_id(engine: EngineClient, language: Language) -> str:
    return str((await engine.inspect_image(language.image))["Id"])


async def test_a_folder_is_all_a_language_needs(
    shout: Language, engine: EngineClient, docker: Docker
) -> None:
    await build(shout, Console(quiet=True))
    images = (await ImageStore(engine).read())[shout.id]
    (installed,) = describe_image(shout.folder.parent, shout.id, images.current).languages
    assert installed.language == shout
    assert installed.version == "1.2.3"
    assert installed.digest == await image_id(engine, shout)
    assert await say_hello(docker, shout) == b"HELLO\n"


async def say_hello(docker: Docker, language: Language) -> bytes:
    """The hello sample, run in a sandbox as the run command says."""
    output = bytearray()

    async def sink(_stream: OutputStream, data: bytes) -> None:
        output.extend(data)

    spec = SandboxSpec("shout", language.image, 64 << 20, 8, 30, uses_compiler=False)
    code = (language.folder / "samples" / "hello.awk").read_text()
    name = main_file_name(language, code)
    sandbox = await docker.backend.open(spec)
    try:
        await sandbox.send_files([SourceFile(name, code.encode())], build=False, work=True)
        argv = run_argv(language, [name], [], memory_mb=64)
        stage = Stage(StageKind.RUN, argv, 5000, 5000, 1000, 1000)
        report = await sandbox.run_stage(stage, sink)
    finally:
        await sandbox.close()
    assert isinstance(report, StageReport)
    assert report.exit_code == 0
    return bytes(output)


async def test_a_second_build_skips_and_a_change_rebuilds(
    shout: Language, engine: EngineClient
) -> None:
    console = Console(file=io.StringIO(), width=200)
    await build(shout, console)
    first = await image_id(engine, shout)
    printed(console)
    await build(shout, console)
    assert printed(console).splitlines() == [
        *(f"{name}: up to date" for name in ("_agent", "_base", shout.id)),
        f"{shout.id}\tunchanged\t\t",
    ]
    assert await image_id(engine, shout) == first
    with (shout.folder / "Dockerfile").open("a") as file:
        file.write("RUN echo louder > /etc/shout\n")
    await build(shout, console)
    assert f"{shout.id}: built 1.2.3" in printed(console)
    assert await image_id(engine, shout) != first
    assert await run_one_off(engine, shout.image, ["cat", "/etc/shout"]) == "louder\n"


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("RUN echo fine; nonsense --loud", "nonsense: not found"),
        pytest.param("RUM true", "unknown instruction: RUM", marks=pytest.mark.thorough),
        pytest.param("COPY nothing /", "COPY failed: file not found", marks=pytest.mark.thorough),
    ],
)
async def test_a_broken_dockerfile_leaves_the_old_image(
    shout: Language, engine: EngineClient, step: str, expected: str
) -> None:
    console = Console(file=io.StringIO(), width=200)
    await build(shout, console)
    before = await image_id(engine, shout)
    with (shout.folder / "Dockerfile").open("a") as file:
        file.write(f"{step}\n")
    printed(console)
    with pytest.raises(RebuildError, match=f"^1 of 1 failed: {shout.id}$"):
        await build(shout, console)
    assert await image_id(engine, shout) == before
    *_, said, row = printed(console).splitlines()
    assert said.startswith(f"{shout.id}: failed: ")
    assert expected in said
    name, outcome, why, log = row.split("\t")
    assert (name, outcome) == (shout.id, "failed")
    assert expected in why
    assert expected in text_of(log)


@pytest.mark.thorough
async def test_one_that_fails_in_the_middle_keeps_no_other_from_being_built(
    shout: Language, engine: EngineClient
) -> None:
    images = shout.folder.parent
    names = [f"{shout.id}-{number}" for number in (1, 2, 3)]
    for name in names:
        toml = TOML.replace('aliases = ["awk", "Loud"]\n', "")
        write_language(images, name, toml)
    hello = images / names[1] / "samples" / "hello.awk"
    hello.write_text('BEGIN { print "hello" }\n')
    console = Console(file=io.StringIO(), width=200)
    settings = make_settings(
        images_dir=images, languages=",".join(names), state_dir=images.parent / "state"
    )
    try:
        with pytest.raises(RebuildError, match=f"^1 of 3 failed: {names[1]}$"):
            await run_build(settings, [], console)
        known = await ImageStore(engine).read()
    finally:
        for name in names:
            await remove_images(engine, name)
    assert [name for name in names if name in known and known[name].current] == [
        names[0],
        names[2],
    ]
    first, second, third = printed(console).splitlines()[-3:]
    assert (first, third) == (f"{names[0]}\tbuilt\t\t", f"{names[2]}\tbuilt\t\t")
    name, outcome, why, log = second.split("\t")
    assert (name, outcome) == (names[1], "failed")
    assert why.startswith(f"{names[1]}/hello: stdout: line 1, column 1: expected 'HELLO")
    assert "(second try; first: stdout: line 1" in text_of(log)  # it was tried twice


@pytest.mark.thorough
async def test_a_version_command_that_fails_leaves_no_container(
    shout: Language, engine: EngineClient
) -> None:
    toml = shout.folder / "language.toml"
    toml.write_text(toml.read_text().replace("echo version 1.2.3-4", "exit 3"))
    console = Console(file=io.StringIO(), width=200)
    with pytest.raises(RebuildError):
        await build(shout, console)
    assert "exit status 3: shouting on\t" in printed(console)
    with pytest.raises(ContainerNotFoundError):
        await engine.inspect_image(shout.image)
    label = ["codebae.instance=languages-build"]
    seen = {each["Id"] for each in await engine.list_containers(label)}
    async with asyncio.timeout(DEADLINE_S):  # those of other builds end by themselves
        while seen & {each["Id"] for each in await engine.list_containers(label)}:  # noqa: ASYNC110 - the engine
            await asyncio.sleep(0.1)
