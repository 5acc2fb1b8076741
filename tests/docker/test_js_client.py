"""`clients/js` (`make test-clients`): against a server that misbehaves, a real one; its package."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.docker.node import CLIENT, run
from tests.docker.server import API_KEY, Server, running_server

pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]

TOOLS = CLIENT / "node_modules" / ".bin"
OPTIONS = ("--strict", "--noEmit", "--types", "", "--lib", "ES2022,DOM", "--target", "ES2022")


def files_below(folder: str) -> list[Path]:
    return sorted((CLIENT / folder).glob("*.test.js"))


async def test_the_client_withstands_a_server_that_misbehaves() -> None:
    await run("scripts/setup-js-client")
    await run("node", "--test", *files_below("test"), cwd=CLIENT)


async def test_the_client_works_against_a_server(server: Server, tmp_path: Path) -> None:
    await run("scripts/setup-js-client")
    small = {"MAX_JOBS": "1", "MAX_QUEUE": "0", "POOL": "python=1"}
    async with running_server(tmp_path, **small) as full:
        env = {
            "RUNNER_URL": f"{server.url}/execute",
            "RUNNER_API_KEY": API_KEY,
            "FULL_RUNNER_URL": full.url,
        }
        await run("node", "--test", *files_below("test/real"), cwd=CLIENT, env=env)


async def test_the_package_installs_into_an_empty_project_and_type_checks(tmp_path: Path) -> None:
    await run("scripts/setup-js-client")
    name = await run("npm", "pack", "--silent", "--pack-destination", tmp_path, cwd=CLIENT)
    packed = tmp_path / name.strip()
    await run(TOOLS / "publint", packed, "--strict", cwd=CLIENT)
    await run(TOOLS / "attw", packed, "--profile", "esm-only", cwd=CLIENT)

    project = tmp_path / "project"
    project.mkdir()
    (project / "package.json").write_text(json.dumps({"private": True, "type": "module"}))
    await run("npm", "install", "--offline", "--no-audit", packed, cwd=project)
    assert [item.name for item in (project / "node_modules").iterdir() if item.is_dir()] == [
        "@codebae"
    ]
    shutil.copy(CLIENT / "test" / "consumer" / "uses.ts", project)
    for module in ("NodeNext", "ESNext"):
        resolution = "NodeNext" if module == "NodeNext" else "Bundler"
        how = ("--module", module, "--moduleResolution", resolution)
        await run(TOOLS / "tsc", *OPTIONS, *how, "uses.ts", cwd=project)
    imports = "const { RunnerClient } = await import('@codebae/runner-client');"
    says = "console.log(new RunnerClient({ url: 'http://a/execute' }).url);"
    program = ("node", "--input-type=module", "--eval", imports + says)
    assert await run(*program, cwd=project) == "http://a\n"
