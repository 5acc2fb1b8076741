"""The commands, on the real engine."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orchestrator.__main__ import main
from orchestrator.sandbox.probes import PROBES
from tests.docker.server import away_from_env, running_server

pytestmark = pytest.mark.docker

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    monkeypatch.chdir(tmp_path)  # no `.env` there

    def run(*words: object, **settings: str) -> Result:
        env = {"STATE_DIR": str(tmp_path / "state"), "COLUMNS": "200", **settings}
        return CliRunner(env=env).invoke(main, [str(word) for word in words])

    return run


@pytest.mark.parametrize(
    "file", ["c/accepted.c", "cpp/accepted.cpp", "java/accepted.java", "python/accepted.py"]
)
def test_run_runs_a_file_in_each_language(
    cli: Callable[..., Result], tmp_path: Path, file: str
) -> None:
    source = PROGRAMS / file
    if source.suffix == ".java":
        source = tmp_path / "Main.java"
        source.write_text((PROGRAMS / file).read_text())
    (tmp_path / "input").write_text("40 2\n")
    result = cli("run", source, "--input", tmp_path / "input")
    assert result.exit_code == 0, result.output
    assert "42\n" in result.output


def test_check_tries_every_limit_and_serve_would_not_try_them_again(
    cli: Callable[..., Result],
) -> None:
    result = cli("check", LANGUAGES="python")
    assert result.exit_code == 0, result.output
    assert result.output.count("holds") == len(PROBES)
    assert "FAILS" not in result.output


async def test_commands_work_beside_a_server_that_has_the_state_directory(
    tmp_path: Path,
) -> None:
    async with running_server(tmp_path / "state", LANGUAGES="python") as server:
        (tmp_path / "input").write_text("40 2\n")
        words = ("run", PROGRAMS / "python/accepted.py", "--input", tmp_path / "input")
        ran, checked, swept = await asyncio.gather(
            asyncio.to_thread(_command, tmp_path, *words),
            asyncio.to_thread(_command, tmp_path, "check"),
            asyncio.to_thread(_command, tmp_path, "sweep"),
        )
        assert (ran.returncode, ran.stdout) == (0, "42\n"), ran.stderr
        assert (checked.returncode, checked.stdout.count("holds")) == (0, len(PROBES))
        assert swept.stdout.startswith("Removed 0 containers past their deadline; a server uses")
        assert (await server.execute(language="python", code="print(1)"))["output"] == "1\n"


def _command(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """In a process of its own: the tests' has a loop already."""
    own = away_from_env(folder, STATE_DIR=str(folder / "state"), LANGUAGES="python")
    command = [sys.executable, "-m", "orchestrator", *map(str, words)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, **own
    )


def test_sweep_finds_nothing_on_a_tidy_engine(cli: Callable[..., Result]) -> None:
    assert "Removed 0 containers" in cli("sweep").output


def test_languages_list_shows_versions(cli: Callable[..., Result]) -> None:
    output = cli("languages", "list").output
    for name in ("cpp", "java", "python", "3.11"):
        assert name in output


def test_an_engine_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    # A process of its own: the SDK leaves the socket to the garbage collector, which warns.
    nobody = f"unix://{tmp_path}/nobody.sock"
    own = away_from_env(tmp_path, DOCKER_HOST=nobody, STATE_DIR=str(tmp_path))
    command = [sys.executable, "-m", "orchestrator", "sweep"]
    result = subprocess.run(command, capture_output=True, text=True, check=False, **own)
    assert result.returncode == 1
    assert result.stderr.startswith("error: The engine can't be reached")
    assert result.stderr.count("\n") == 1


def test_a_language_without_an_image_says_how_to_build_it(
    cli: Callable[..., Result], tmp_path: Path
) -> None:
    folder = tmp_path / "images" / "nolang"
    (folder / "samples").mkdir(parents=True)
    (folder / "samples" / "hello.sh").write_text("echo hello")
    (folder / "Dockerfile").write_text("FROM scratch\n")
    (folder / "language.toml").write_text(
        """id = "nolang"
name = "No language"
version = ["sh"]
source = { name = "main.sh", extensions = [".sh"] }
run = { command = ["sh", "{main}"] }
limits = { memory_mb = 64, processes = 16 }
samples = { hello = { stdout = "hello\\n" } }
"""
    )
    result = cli("sweep", IMAGES_DIR=str(tmp_path / "images"), LANGUAGES="nolang")
    assert result.exit_code == 1
    assert "make images" in result.output
