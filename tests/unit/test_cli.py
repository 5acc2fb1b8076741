from __future__ import annotations

import asyncio
import contextlib
import os
import re
import signal
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from structlog.testing import capture_logs

from orchestrator import __main__ as command_line
from orchestrator.app import build_app
from orchestrator.cli import serve, shell
from orchestrator.components import Components
from orchestrator.errors import EngineError
from orchestrator.sandbox.instance import claim_instance
from orchestrator.sandbox.probes import ProbeResult
from orchestrator.settings import Settings
from tests.components_support import FAIL, PASS, FakeComponents, sh_language

KEY = "long-enough-for-a-key"
OPENERS = (
    "run.open_components_beside",
    "check.open_components_beside",
    "sweep.open_components",
    "sweep.open_components_beside",
)


@pytest.fixture
def components(monkeypatch: pytest.MonkeyPatch) -> FakeComponents:
    fake = FakeComponents()
    for name in OPENERS:
        monkeypatch.setattr(f"orchestrator.cli.{name}", fake.open)
    monkeypatch.setattr(serve, "build_app", lambda settings: build_app(settings, fake.open))
    return fake


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs a command in an empty folder, with logging left alone."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shell, "configure_logging", lambda *_: None)

    def run(*words: str, stdin: str | None = None, **env: str) -> Result:
        runner = CliRunner(env={"API_KEY": "", **env})
        return runner.invoke(command_line.main, words, input=stdin)

    return run


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    def write(text: str) -> str:
        path = tmp_path / "program.sh"
        path.write_text(text)
        return str(path)

    return write


def test_run_prints_what_the_program_prints_and_exits_as_it_did(
    cli: Any, components: FakeComponents, script: Any
) -> None:
    result = cli("run", script("echo hello; exit 3"))
    assert result.exit_code == 3
    assert "hello\n" in result.output
    assert not components.backend.live


def test_run_passes_a_file_as_input(cli: Any, components: FakeComponents, script: Any) -> None:
    Path("input").write_text("some line\n")
    assert "some line\n" in cli("run", script("cat"), "--input", "input").output
    assert not components.backend.live


@pytest.mark.usefixtures("components")
def test_run_passes_what_is_piped_in_unless_a_file_is_named(cli: Any, script: Any) -> None:
    Path("input").write_text("of the file\n")
    assert "piped\n" in cli("run", script("cat"), stdin="piped\n").output
    output = cli("run", script("cat"), "--input", "input", stdin="piped\n").output
    assert ("of the file\n" in output, "piped" in output) == (True, False)


def test_run_refuses_more_input_than_a_request_may_have(
    cli: Any, components: FakeComponents, script: Any
) -> None:
    result = cli("run", script("cat"), stdin="12345", MAX_INPUT_SIZE="4")
    assert (result.exit_code, components.backend.opened) == (1, [])
    assert "error: the input is longer than 4 bytes" in result.output


@pytest.mark.usefixtures("components")
def test_run_exits_like_a_shell_after_a_signal(cli: Any, script: Any) -> None:
    assert cli("run", script("kill -11 $$")).exit_code == 139


@pytest.mark.usefixtures("components")
def test_run_that_could_not_be_made_exits_with_1(cli: Any, script: Any) -> None:
    assert cli("run", script("lose outside")).exit_code == 1


def test_run_without_any_stage_exits_with_1(
    cli: Any, components: FakeComponents, script: Any
) -> None:
    from orchestrator.errors import EngineUnavailableError  # noqa: PLC0415 - for this test alone

    components.backend.fail_open = lambda: EngineUnavailableError("away")
    assert cli("run", script("echo never")).exit_code == 1


def test_run_shows_the_compiler_s_text(cli: Any, components: FakeComponents, script: Any) -> None:
    components.language = sh_language("echo refused >&2; exit 1")
    result = cli("run", script("echo never"))
    assert result.exit_code == 1
    assert "refused" in result.output


@pytest.mark.usefixtures("components")
def test_run_knows_a_language_by_name_or_by_the_file_s_extension(cli: Any) -> None:
    Path("program.txt").write_text("echo hello")
    assert "no language has the extension '.txt'" in cli("run", "program.txt").output
    assert cli("run", "program.txt", "--language", "shell").exit_code == 0
    result = cli("run", "program.txt", "--language", "cobol")
    assert (result.exit_code, "--language cobol: unknown; there is sh" in result.output) == (
        1,
        True,
    )


@pytest.mark.usefixtures("components")
def test_run_says_of_a_language_that_is_not_served_how_to_have_it(cli: Any) -> None:
    Path("program.go").write_text("package main")
    output = cli("run", "program.go").output
    assert output == (
        "error: program.go: no language has the extension '.go' here; Go does, and is not served: "
        "codebae-runner languages build go && codebae-runner languages enable go\n"
    )
    assert "name it with --language" in cli("run", "program.go", IMAGES_DIR="nowhere").output


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["run"], 2),
        (["run", "no-such-file"], 2),
        (["run", "--no-such-option"], 2),
        (["no-such-command"], 2),
        (["jobs", "end"], 2),
        (["jobs", "list"], 1),
        (["jobs", "list", "--url", "nowhere"], 1),
        (["languages", "list", "--json"], 2),
        (["sweep"], 1),
    ],
)
def test_every_error_begins_alike(cli: Any, words: list[str], status: int) -> None:
    result = cli(*words, MAX_JOBS="-1" if words == ["sweep"] else "")
    assert result.exit_code == status
    assert result.output.splitlines()[-1].startswith("error: ")
    assert "Error:" not in result.output


@pytest.mark.parametrize("words", [[], ["jobs"], ["--help"], ["run", "-h"], ["--version"]])
def test_help_is_no_error(cli: Any, words: list[str]) -> None:
    assert "rror:" not in cli(*words).output


@pytest.mark.usefixtures("components")
def test_sweep_says_how_many(cli: Any) -> None:
    assert "Removed 0 containers" in cli("sweep").output


@pytest.fixture
def _claiming_components(components: FakeComponents, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of a server claim its state directory, as they do."""

    @contextlib.asynccontextmanager
    async def claim(settings: Settings) -> AsyncIterator[Components]:
        with claim_instance(settings.state_dir):
            async with components.open(settings) as opened:
                yield opened

    monkeypatch.setattr("orchestrator.cli.sweep.open_components", claim)


@pytest.mark.usefixtures("_claiming_components")
def test_sweep_leaves_a_state_directory_new_in_which_no_server_has_been(cli: Any) -> None:
    assert "Removed 0 containers" in cli("sweep").output
    refused = cli("serve", API_KEY="short", PORT="0", HOST="127.0.0.1")
    assert "can be guessed" in refused.output


@pytest.mark.usefixtures("_claiming_components")
def test_sweep_beside_a_server_says_what_it_leaves_to_it(cli: Any) -> None:
    with claim_instance(Path(".state")):
        result = cli("sweep")
    assert result.exit_code == 0
    assert "Removed 0 containers past their deadline; a server uses .state" in result.output


@pytest.mark.parametrize(("results", "status"), [([PASS], 0), ([PASS, FAIL], 1)])
def test_check_prints_each_limit_and_fails_when_one_does(
    cli: Any, components: FakeComponents, results: list[ProbeResult], status: int
) -> None:
    components.checks = [results]
    result = cli("check")
    assert result.exit_code == status
    assert ("FAILS" in result.output) == bool(status)
    assert "holds" in result.output


def test_check_shows_what_held_at_the_second_try(cli: Any, components: FakeComponents) -> None:
    components.checks = [[replace(PASS, first_try="ended by the wall limit")]]
    result = cli("check")
    assert result.exit_code == 0
    shown = " ".join(result.output.replace("│", " ").split())
    assert "out-of-memory kill (second try; first: ended by the wall limit)" in shown


def test_a_bad_setting_is_one_line_and_status_1(cli: Any) -> None:
    result = cli("sweep", MAX_JOBS="-1")
    assert result.exit_code == 1
    assert result.output.startswith("error: setting MAX_JOBS: ")


def test_an_interrupted_command_exits_like_one(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shell, "load_settings", interrupt)
    assert cli("sweep").exit_code == 130


@pytest.mark.parametrize("command", ["builds.run_build", "languages.run_list"])
def test_languages_commands_are_passed_the_settings(
    cli: Any, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    called = []

    async def record(*arguments: Any) -> None:
        called.append(arguments)

    monkeypatch.setattr(f"orchestrator.cli.{command}", record)
    words = ["languages", command.partition("run_")[2]]
    assert cli(*words).exit_code == 0
    assert len(called) == 1


def test_serve_refuses_to_start_without_a_key(cli: Any) -> None:
    result = cli("serve")
    assert result.exit_code == 1
    assert "setting API_KEY" in result.output


@pytest.mark.usefixtures("components")
def test_serve_on_a_busy_port_says_which(cli: Any) -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = str(busy.getsockname()[1])
        result = cli("serve", API_KEY=KEY, HOST="127.0.0.1", PORT=port)
    assert result.exit_code == 1
    assert f"setting PORT: can't listen on 127.0.0.1:{port}" in result.output


def stop_when_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """SIGTERM to this process as soon as the server has printed how it is."""
    announce = serve.announce

    async def announce_and_stop(*arguments: Any) -> None:
        await announce(*arguments)
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(serve, "announce", announce_and_stop)


def test_serve_prints_what_it_serves_and_stops_at_sigterm(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_when_settled(monkeypatch)
    result = cli("serve", "--dev", HOST="127.0.0.1", PORT="0")
    assert result.exit_code == 0, result.output
    kept = dict(line.split("=") for line in Path(".env").read_text().splitlines())
    key, admin_key = kept["API_KEY"], kept["ADMIN_KEY"]
    assert min(len(key), len(admin_key)) >= 32
    assert key != admin_key
    address = re.search(r"Ready on (http://localhost:\d+)\n", result.output)
    assert address
    assert f"In a browser: {address[1]}/docs\n" in result.output
    for text in ("sh 1.2", f"API key:      {key}\n", f"Admin key:    {admin_key}\n"):
        assert text in result.output
    assert f"\ncurl -s {address[1]}/execute -H 'Authorization: Bearer {key}'" in result.output
    assert components.backend.closed


@pytest.mark.usefixtures("components")
def test_serve_keeps_a_key_of_the_environment_to_itself(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_when_settled(monkeypatch)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY)
    assert "Ready on" in result.output
    assert KEY not in result.output


def test_serve_for_development_listens_on_this_machine_alone_unless_told_otherwise(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosts = []
    listen = serve._listen  # noqa: SLF001 - what it is asked shows nowhere else

    def record(settings: Settings) -> socket.socket:
        hosts.append(settings.host)
        return listen(settings)

    monkeypatch.setattr(serve, "_listen", record)
    stop_when_settled(monkeypatch)
    components.checks *= 3
    for words, env in (
        (["--dev"], {}),
        (["--dev"], {"HOST": "127.0.0.2"}),
        ([], {"API_KEY": KEY}),
    ):
        result = cli("serve", *words, PORT="0", **env)
        assert result.exit_code == 0, result.output
    assert hosts == ["127.0.0.1", "127.0.0.2", "0.0.0.0"]


@pytest.mark.usefixtures("components")
def test_serve_says_where_it_is_when_it_is_not_on_this_machine_s_usual_address(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_when_settled(monkeypatch)
    assert "Ready on http://127.0.0.2:" in cli("serve", "--dev", HOST="127.0.0.2", PORT="0").output


@pytest.mark.usefixtures("components")
def test_serve_takes_short_keys_in_development_alone(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_when_settled(monkeypatch)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY="short-secret")
    assert result.exit_code == 1
    assert result.output.startswith("error: setting API_KEY: a key of less than 16 characters")
    assert "short-secret" not in result.output
    for word in ("--dev", "--reloaded"):
        assert cli("serve", word, HOST="127.0.0.1", PORT="0", API_KEY="short").exit_code == 0


def test_serve_warns_of_what_is_odd_about_the_settings(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop_when_settled(monkeypatch)
    Path(".env").write_text("MAX_JOB=4\nPISTON_OUTPUT_MAX_SIZE=2000000\n")
    with capture_logs() as lines:
        result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY, PISTON_LOG_LEVEL="DEBUG")
    assert (result.exit_code, components.checks) == (0, [])
    assert [line["remark"] for line in lines if line["event"] == "settings"] == [
        "PISTON_OUTPUT_MAX_SIZE is larger than MAX_OUTPUT_SIZE, which counts instead",
        "PISTON_LOG_LEVEL is not read; LOG_LEVEL is",
        ".env: MAX_JOB is not read; MAX_JOBS is",
    ]


def test_serve_that_is_not_ready_says_why(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    components.checks = [[FAIL]]
    stop_when_settled(monkeypatch)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY)
    assert "Not ready: self-test: memory failed" in result.output


async def test_a_server_stopped_during_its_self_test_announces_nothing(
    components: FakeComponents, capsys: pytest.CaptureFixture[str]
) -> None:
    from rich.console import Console  # noqa: PLC0415 - for this test alone

    from tests.api_support import make_app  # noqa: PLC0415 - as above

    stop = asyncio.Event()
    stop.set()
    app = make_app(reason="the self-test is running")
    await serve.announce(app, "http://here", Console(), stop)
    assert "Ready" not in capsys.readouterr().out
    assert components.checks


def test_a_reason_with_brackets_is_printed_as_it_is(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    detail = "mount [/dev/shm] failed"
    components.checks = [[ProbeResult("image", "memory", passed=False, detail=detail)]]
    stop_when_settled(monkeypatch)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY)
    assert (result.exit_code, detail in result.output) == (0, True), result.output


def test_run_ends_quietly_when_nobody_reads_what_it_prints(
    cli: Any,
    components: FakeComponents,  # noqa: ARG001 - it stands in for the engine
    script: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Any) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("orchestrator.cli.run._write", fail)
    result = cli("run", script("echo hello; sleep 50"))
    assert result.exit_code == 128 + 13
    assert "rror" not in result.output


@contextlib.asynccontextmanager
async def _no_engine(_: Any) -> AsyncIterator[None]:
    yield


def _embedded(monkeypatch: pytest.MonkeyPatch, prepare: Any) -> None:
    monkeypatch.setattr(serve, "embedded_engine", _no_engine)
    monkeypatch.setattr(serve, "prepare_images", prepare)


def test_serve_with_its_own_engine_serves_once_the_images_are_there(
    cli: Any, components: FakeComponents, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = []

    async def prepare(_: Any, __: Any, say: Any) -> None:
        say("building sh 1/1")
        said.append("prepared")

    _embedded(monkeypatch, prepare)
    stop_when_settled(monkeypatch)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY, ENGINE="embedded")
    assert result.exit_code == 0, result.output
    assert "Ready on" in result.output
    assert said == ["prepared"]
    assert components.backend.closed


@pytest.mark.usefixtures("components")
def test_serve_that_is_stopped_while_images_are_prepared_gives_that_up(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = []

    async def prepare(*_: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.sleep(60)
        finally:
            given_up.append("yes")

    _embedded(monkeypatch, prepare)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY, ENGINE="embedded")
    assert result.exit_code == 0, result.output
    assert "Ready" not in result.output
    assert given_up == ["yes"]


@pytest.mark.usefixtures("components")
def test_serve_without_its_own_engine_says_why(cli: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async def prepare(*_: Any) -> None:
        raise EngineError("dockerd ended while starting, with 1")

    _embedded(monkeypatch, prepare)
    result = cli("serve", HOST="127.0.0.1", PORT="0", API_KEY=KEY, ENGINE="embedded")
    assert result.exit_code == 1
    assert "dockerd ended while starting" in result.output


def test_serve_with_reload_is_left_to_another_process(
    cli: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def reload(folders: Any, arguments: list[str]) -> int:
        calls.append(([each.name for each in folders], arguments))
        return 5

    monkeypatch.setattr("orchestrator.cli.reload.serve_and_reload", reload)
    assert cli("serve", "--reload").exit_code == 5
    assert cli("serve", "--reload", "--dev").exit_code == 5
    folders = ["orchestrator", "images"]
    assert calls == [(folders, ["--reloaded"]), (folders, ["--dev", "--reloaded"])]
