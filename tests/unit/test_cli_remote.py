"""The commands with `--url`, against a server in a thread of its own."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from aiohttp import web
from click.testing import CliRunner, Result
from rich.color import ColorSystem
from rich.console import Console
from structlog.testing import capture_logs

from orchestrator import __main__ as command_line
from orchestrator.api import keys
from orchestrator.cli import logs, remote_admin, shell
from orchestrator.cli.remote_admin import administer
from orchestrator.cli.remote_errors import RemoteError
from orchestrator.cli.server import Server, to_root
from orchestrator.errors import BusyLanguageError, RebuildError
from orchestrator.images.build_queue import Build
from orchestrator.images.check_results import CheckResult
from orchestrator.images.display import build_display
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.admin_support import ADMIN_KEY, FakeReconciler, admin_app
from tests.api_support import KEY
from tests.sandbox_support import DEADLINE_S
from tests.unit.test_builds import FakeRebuilder


class Thread:
    """An application on a port of this machine, and its event loop."""

    def __init__(self, make_app: Callable[[], web.Application]) -> None:
        self._make_app = make_app
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self._thread.start()
        assert self._started.wait(DEADLINE_S)

    async def _serve(self) -> None:
        self.loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.app = self._make_app()
        runner = web.AppRunner(self.app, handler_cancellation=True, shutdown_timeout=0.1)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        self._started.set()
        await self._stop.wait()
        await runner.cleanup()

    def do(self, function: Callable[[], Any]) -> Any:
        """Something on its event loop."""

        async def call() -> Any:
            return function()

        return asyncio.run_coroutine_threadsafe(call(), self.loop).result(DEADLINE_S)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE_S)


class AdminServer(Thread):
    """The service, whose languages are `FakeReconciler`'s."""

    def __init__(self, images_dir: Path, **settings: Any) -> None:
        self.reconciler: FakeReconciler
        self.rebuilder: FakeRebuilder

        def make() -> web.Application:
            self.reconciler, self.rebuilder = FakeReconciler(), FakeRebuilder()
            fields = {"images_dir": images_dir, **settings}
            return admin_app(self.reconciler, self.rebuilder, **fields)

        super().__init__(make)

    def server(self, key: str = ADMIN_KEY) -> Server:
        return Server(self.url, key)

    def builds(self) -> tuple[Build, ...]:
        return self.app[keys.BUILDS].all()

    def start(self, language: str) -> Build:
        return self.app[keys.BUILDS].start(language, requested_by="test")


@pytest.fixture
def admin_server(tmp_path: Path) -> Iterator[AdminServer]:
    for name in ("sh", "go"):
        (tmp_path / "images" / name).mkdir(parents=True)
    with capture_logs():
        made = AdminServer(tmp_path / "images", execution_timeout=300)
        yield made
        made.stop()


@pytest.fixture
def cli(
    admin_server: AdminServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Callable[..., Result]:
    """Runs a command, in a folder that is empty but for the images, with the server's address."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shell, "configure_logging", lambda *_: None)
    monkeypatch.setattr(shell.out, "_width", 200)

    def run(*words: str, stdin: str | None = None, **env: str) -> Result:
        known = {"RUNNER_URL": admin_server.url, "ADMIN_KEY": ADMIN_KEY, "API_KEY": KEY}
        return CliRunner(env=known | env).invoke(command_line.main, words, input=stdin)

    return run


def test_languages_are_listed_as_a_table_and_as_json(cli: Any) -> None:
    result = cli("languages", "list")
    assert result.exit_code == 0, result.output
    rows = [line.split("\t") for line in result.output.splitlines()]
    assert ["sh", "sh", "1.2", "served", "1.2", "1 MB", "1.1", "shell"] in rows
    assert ["go", "", "1.19", "disabled", "1.19", "1 MB", "", ""] in rows
    answer = json.loads(cli("languages", "list", "--json").output)
    assert {each["id"] for each in answer["languages"]} == {"sh", "go", "old"}


def test_a_language_is_changed(cli: Any, admin_server: AdminServer) -> None:
    assert cli("languages", "rollback", "sh").output == "sh: served, 1.1\n"
    assert cli("languages", "disable", "sh").output == "sh: disabled, 1.1\n"
    assert cli("languages", "enable", "go").exit_code == 0
    assert admin_server.reconciler.images["go"].is_enabled
    result = cli("languages", "rollback", "go")
    assert (result.exit_code, result.output) == (
        1,
        "error: go: there is no previous image to go back to (409)\n",
    )


@pytest.mark.parametrize("command", ["build", "rebuild"])
def test_a_rebuild_is_shown_like_one_on_this_machine(cli: Any, command: str) -> None:
    result = cli("languages", command, "sh", "go")
    assert result.exit_code == 0, result.output
    assert [line.partition(",")[0] for line in result.output.splitlines()] == [
        *(
            line.format(name)
            for name in ("sh", "go")
            for line in (
                "_base: up to date",
                "{}: building",
                "{}: Step 1/1 : FROM x",
                "{}: trying it",
                "{}: built 1.2",
            )
        ),
        "sh\tbuilt\t\t",
        "go\tbuilt\t\t",
    ]


def log_command(admin_server: AdminServer, build: Build) -> str:
    return f"codebae-runner builds log {build.id} --url {admin_server.url}"


def test_a_rebuild_that_fails_says_why_and_the_others_go_on(
    cli: Any, admin_server: AdminServer
) -> None:
    admin_server.rebuilder.outcomes["sh"] = RebuildError("sh/hello: printed\x1b[2J nothing")
    result = cli("languages", "rebuild", "sh", "nosuch", "go", "--no-cache")
    assert result.exit_code == 1
    lines = result.output.splitlines()
    assert "sh: failed: sh/hello: printed\ufffd[2J nothing" in lines
    newest, oldest = admin_server.do(admin_server.builds)
    assert lines[-4:-1] == [
        f"sh\tfailed\tsh/hello: printed\ufffd[2J nothing\t{log_command(admin_server, oldest)}",
        "nosuch\tfailed\tThere is no folder of that language on this server (404)\t",
        "go\tbuilt\t\t",
    ]
    assert lines[-1] == "error: 2 of 3 failed: sh, nosuch"
    assert admin_server.rebuilder.calls == [("sh", True), ("go", True)]
    assert newest.language == "go"


def test_a_language_that_is_busy_keeps_no_other_from_being_rebuilt(
    cli: Any, admin_server: AdminServer
) -> None:
    admin_server.rebuilder.outcome = BusyLanguageError("sh")
    result = cli("languages", "rebuild", "sh")
    assert result.exit_code == 1
    assert "sh\tfailed\tsh is being rebuilt: wait for that build, or cancel it" in result.output


def test_a_server_that_refuses_them_all_is_asked_once(cli: Any, admin_server: AdminServer) -> None:
    result = cli("languages", "rebuild", "sh", "go", "--key", KEY)
    assert result.exit_code == 1
    assert "needs one of ADMIN_KEY (403)" in result.output
    assert result.output.count("\n") == 1
    assert admin_server.rebuilder.calls == []
    assert cli("languages", "rebuild", "sh", "..").output == "error: '..' is no id\n"
    assert admin_server.rebuilder.calls == []


def test_what_passed_at_the_second_try_is_told_of_a_server_s_build(
    cli: Any, admin_server: AdminServer
) -> None:
    admin_server.rebuilder.result = CheckResult("sh/hello", passed=True, first_try="timed\x1bout")
    result = cli("languages", "rebuild", "sh")
    (build,) = admin_server.do(admin_server.builds)
    assert result.output.splitlines()[-3:] == [
        "sh: sh/hello: passed (second try; first: timed\ufffdout)",
        "sh: built 1.2, 1 trials",
        f"sh\tbuilt\tpassed at the second try: sh/hello\t{log_command(admin_server, build)}",
    ]
    assert "timed\ufffdout" in cli("builds", "show", build.id).output


def test_builds_are_listed_shown_and_their_logs_printed(
    cli: Any, admin_server: AdminServer
) -> None:
    cli("languages", "rebuild", "sh")
    (build,) = admin_server.do(admin_server.builds)
    result = cli("builds", "list")
    assert (result.exit_code, build.id in result.output, "succeeded" in result.output) == (
        0,
        True,
        True,
    )
    assert json.loads(cli("builds", "list", "--json").output)["builds"][0]["id"] == build.id
    assert "go/hello\tpassed" in cli("builds", "show", build.id).output
    log = cli("builds", "log", build.id)
    assert log.exit_code == 0
    assert log.output.splitlines()[-3:] == [
        "sh | built 1.2",
        "== succeeded",
        "== sh: succeeded: 1.2",
    ]
    lines = cli("builds", "log", build.id, "--json").output.splitlines()
    assert json.loads(lines[-1])["event"] == "result"
    assert cli("builds", "cancel", build.id).output == (
        "error: The build has ended: succeeded (409)\n"
    )


def test_an_id_may_be_as_short_as_it_is_unique(cli: Any, admin_server: AdminServer) -> None:
    cli("languages", "rebuild", "sh", "go")
    one, other = admin_server.do(admin_server.builds)
    one.id, other.id = "ab01", "abc2"
    assert "id\tab01\n" in cli("builds", "show", "ab0").output
    assert cli("builds", "log", "ab0").output == cli("builds", "log", "ab01").output
    assert "The build has ended" in cli("builds", "cancel", "abc").output
    assert cli("builds", "show", "ab").output == "error: ab may be any of ab01, abc2\n"
    assert cli("builds", "show", "b").output == (
        "error: There is no such build, or it is long over (404)\n"
    )
    other.id = "ab012"
    assert "id\tab01\n" in cli("builds", "show", "ab01").output


def test_the_log_of_a_failed_build_exits_with_1(cli: Any, admin_server: AdminServer) -> None:
    admin_server.rebuilder.outcome = RebuildError("no")
    cli("languages", "rebuild", "sh")
    (build,) = admin_server.do(admin_server.builds)
    result = cli("builds", "log", build.id)
    assert (result.exit_code, result.output.splitlines()[-1]) == (1, "error: sh: no")


def test_a_build_is_cancelled(cli: Any, admin_server: AdminServer) -> None:
    admin_server.do(admin_server.rebuilder.gate.clear)
    build = admin_server.do(lambda: admin_server.start("sh"))
    result = cli("builds", "cancel", build.id)
    assert (result.exit_code, result.output) == (0, f"{build.id}: is being cancelled\n")
    assert cli("builds", "log", build.id).output.splitlines()[-1] == "error: sh: cancelled"


async def test_who_stops_following_a_build_leaves_it_to_itself_and_is_told_how_to_go_on(
    admin_server: AdminServer,
) -> None:
    admin_server.do(admin_server.rebuilder.gate.clear)
    out, err = Console(file=io.StringIO()), Console(file=io.StringIO(), width=200)
    async with administer(admin_server.server()) as admin:
        task = asyncio.create_task(logs.rebuild(admin, "sh", out, err, no_cache=False))
        async with asyncio.timeout(DEADLINE_S):
            while "Step" not in out.file.getvalue():  # type: ignore[attr-defined]  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    (build,) = admin_server.do(admin_server.builds)
    said = err.file.getvalue()  # type: ignore[attr-defined]
    assert log_command(admin_server, build) in said
    assert log_command(admin_server, build).replace(" log ", " cancel ") in said
    assert admin_server.do(lambda: build.state.value) == "building"
    admin_server.do(admin_server.rebuilder.gate.set)
    await remote_admin.show_log(admin_server.server(), build.id, out, err, as_json=False)
    assert "== sh: succeeded: 1.2" in out.file.getvalue()  # type: ignore[attr-defined]


async def test_a_rebuild_is_shown_on_a_terminal_and_cut_logs_do_no_harm(
    admin_server: AdminServer,
) -> None:
    out = Console(file=io.StringIO(), force_terminal=True, width=120)
    async with administer(admin_server.server()) as admin:
        await logs.rebuild(admin, "sh", out, out, no_cache=True)
    assert "built 1.2" in out.file.getvalue()  # type: ignore[attr-defined]
    head = {"number": 900, "image": "go", "name": "go/hello", "detail": "", "text": "built 1"}
    with build_display(out) as progress:
        for kind in ("check", "finished"):
            logs.show_event({**head, "event": kind, "passed": True}, progress, set())


def test_jobs_are_listed_and_ended_and_the_server_drained(cli: Any) -> None:
    assert cli("jobs", "list").output == ""
    assert json.loads(cli("jobs", "list", "--json").output) == {"draining": False, "jobs": []}
    assert cli("jobs", "end", "0123").output == "error: There is no such job under way (404)\n"
    assert "no more jobs are taken; 0 under way" in cli("drain").output
    assert json.loads(cli("jobs", "list", "--json").output)["draining"]
    assert "jobs are taken; 0 under way" in cli("drain", "--off").output


@pytest.mark.parametrize("suffix", ["", "/", "/execute", "/execute/ws", "/admin", "/health/"])
def test_an_address_may_be_that_of_one_request(
    cli: Any, admin_server: AdminServer, suffix: str
) -> None:
    assert (
        cli("jobs", "list", "--url", admin_server.url + suffix, "--key", ADMIN_KEY).exit_code == 0
    )


@pytest.mark.parametrize(
    ("url", "root"),
    [
        ("https://runner.example/execute", "https://runner.example"),
        ("https://host:8443/behind/a/proxy/execute/?x=1#y", "https://host:8443/behind/a/proxy"),
        (" http://[::1]:3000/ ", "http://[::1]:3000"),
    ],
)
def test_an_address_s_root(url: str, root: str) -> None:
    assert to_root(url) == root


@pytest.mark.parametrize(
    "url", ["localhost:3000", "ftp://host", "http://", "http://h:x", "http://u:p@host", "http://["]
)
def test_what_is_no_address_is_said_so(url: str) -> None:
    with pytest.raises(click.ClickException, match="is no address"):
        to_root(url)


def test_wrong_keys_and_servers_are_one_line_each(cli: Any, admin_server: AdminServer) -> None:
    def error(*words: str, **env: str) -> str:
        result = cli("jobs", "list", *words, **env)
        assert result.exit_code == 1
        assert result.output.count("\n") == 1
        return str(result.output)

    url = admin_server.url
    assert error("--key", "wrong") == f"error: {url}: the key is not one of the server's (401)\n"
    assert "needs one of ADMIN_KEY (403)" in error("--key", KEY)
    assert "wants a key: --key, or ADMIN_KEY" in error(ADMIN_KEY="")
    assert "wants a key" in error("--key", "a\r\nX-Evil: 1")
    assert error("--url", "http://127.0.0.1:1") == (
        "error: http://127.0.0.1:1 can't be spoken to: connection refused\n"
    )
    assert "can't be spoken to" in error("--url", "http://no-such-host.invalid")


def test_a_key_counts_without_an_address_too_or_is_refused(
    cli: Any, admin_server: AdminServer
) -> None:
    here = {"RUNNER_URL": "", "HOST": "127.0.0.1", "PORT": admin_server.url.rpartition(":")[2]}
    assert cli("jobs", "list", **here).exit_code == 0
    assert "the key is not one of the server's" in cli("drain", "--key", "wrong", **here).output
    result = cli("languages", "list", "--key", ADMIN_KEY, **here)
    assert result.exit_code == 2
    assert "needs --url" in result.output


def test_a_setting_that_is_wrong_is_one_line_where_the_address_is_one_of_them(cli: Any) -> None:
    result = cli("jobs", "list", RUNNER_URL="", PORT="no port")
    assert result.exit_code == 1
    assert result.output.startswith("error: setting PORT: ")


def test_the_first_of_several_keys_is_sent(cli: Any) -> None:
    assert cli("jobs", "list", ADMIN_KEY=f"{ADMIN_KEY},other").exit_code == 0


def test_a_server_without_an_admin_s_key_is_said_so(cli: Any, tmp_path: Path) -> None:
    other = AdminServer(tmp_path, admin_key="")
    try:
        result = cli("drain", "--url", other.url)
    finally:
        other.stop()
    assert result.output == (
        f"error: {other.url}: there is no /admin: the server has no ADMIN_KEY (404)\n"
    )


@pytest.mark.parametrize("name", ["..", "a/b", "a?x=1", "", "%2e", "a b", "a\n"])
@pytest.mark.parametrize("words", [("jobs", "end"), ("builds", "log"), ("languages", "enable")])
def test_what_can_t_be_an_id_is_not_sent(cli: Any, words: tuple[str, ...], name: str) -> None:
    result = cli(*words, name)
    assert result.exit_code == 1
    assert result.output.endswith("is no id\n")


def test_building_on_a_server_needs_names_and_json_a_server(cli: Any) -> None:
    assert "name the languages" in cli("languages", "build").output
    assert "needs --url" in cli("languages", "list", "--json", RUNNER_URL="").output


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "The answer is not JSON"),
        (b"[1]", "The answer is not a JSON object"),
        (b"{}", "The answer makes no sense"),
        (b'{"jobs": 5}', "The answer makes no sense"),
        (b'{"jobs": [{"id": 1}]}', "The answer makes no sense"),
        (b"[" * 100_000, "The answer is not JSON"),
    ],
)
def test_another_kind_of_server_is_one_line(cli: Any, body: bytes, message: str) -> None:
    def make() -> web.Application:
        app = web.Application()

        async def answer(_: web.Request) -> web.Response:
            return web.Response(body=body)

        app.router.add_get("/admin/jobs", answer)
        return app

    other = Thread(make)
    try:
        result = cli("jobs", "list", "--url", other.url)
    finally:
        other.stop()
    assert (result.exit_code, result.output.count("\n")) == (1, 1)
    assert message in result.output


def test_a_redirect_is_not_followed_with_the_key(cli: Any) -> None:
    seen: list[str] = []

    def make() -> web.Application:
        app = web.Application()

        async def lead_away(_: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": "/elsewhere"})

        async def elsewhere(request: web.Request) -> web.Response:
            seen.append(request.path)
            return web.json_response({"jobs": []})

        app.router.add_get("/admin/jobs", lead_away)
        app.router.add_get("/elsewhere", elsewhere)
        return app

    other = Thread(make)
    try:
        result = cli("jobs", "list", "--url", other.url)
    finally:
        other.stop()
    assert "this is not a runner, it answers 302" in result.output
    assert seen == []


async def test_a_log_that_is_cut_is_an_error_and_not_an_end() -> None:
    def make() -> web.Application:
        app = web.Application()

        async def cut(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
            await response.prepare(request)
            await response.write(b'{"event": "state", "number": 0, "state": "building"}\n')
            assert request.transport is not None
            if request.match_info["id"] == "abort":
                request.transport.abort()
            return response

        app.router.add_get("/admin/builds/{id}/log", cut)
        return app

    out = Console(file=io.StringIO())
    other = Thread(make)
    try:
        for build_id in ("end", "abort"):
            with pytest.raises(RemoteError, match=r"connection was cut|can't be spoken to"):
                async with administer(Server(other.url, "key")) as admin:
                    await logs.show_log(admin, build_id, out, out, as_json=False)
    finally:
        other.stop()


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("echo hello; exit 3", 3, "hello\n"),
        ("kill -11 $$", 139, "runtime_error (signal)"),
        ("sleep 50", 137, "time_limit (wall) at "),
        ("cat", 0, "some line\n"),
    ],
)
def test_run_runs_on_the_server_and_exits_as_the_program_did(
    cli: Any, tmp_path: Path, code: str, status: int, output: str
) -> None:
    (tmp_path / "program.sh").write_text(code)
    (tmp_path / "input").write_text("some line\n")
    result = cli("run", "program.sh", "--input", "input")
    assert result.exit_code == status, result.output
    assert output in result.output


def test_run_sends_what_is_piped_in(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "program.sh").write_text("cat")
    assert "piped\n" in cli("run", "program.sh", stdin="piped\n").output
    assert cli("run", "program.sh", stdin="").exit_code == 0


def test_run_says_what_the_server_does_not_take(cli: Any, tmp_path: Path) -> None:
    (tmp_path / "program.txt").write_text("echo hello")
    assert "no language has the extension '.txt'" in cli("run", "program.txt").output
    assert cli("run", "program.txt", "--language", "shell").exit_code == 0
    assert cli("run", "program.txt", "--language", "cobol").output == (
        "error: Unsupported language (400): 'cobol' is no language of this server; "
        "GET /languages lists them\n"
    )
    result = cli("run", "program.txt", "--language", "sh", "--key", ADMIN_KEY)
    assert "(401)" in result.output


def test_run_says_of_a_language_that_is_not_served_who_can_have_it(
    cli: Any, admin_server: AdminServer, tmp_path: Path
) -> None:
    (tmp_path / "program.go").write_text("package main")
    output = cli("run", "program.go", IMAGES_DIR=str(DEFAULT_IMAGES_DIR)).output
    assert output == (
        "error: program.go: no language has the extension '.go' here; Go does, and is not served: "
        f"an admin can build it: codebae-runner languages rebuild go --url {admin_server.url}\n"
    )


def test_run_shows_the_verdict_in_colour_and_what_it_took(
    cli: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "right.sh").write_text("echo hello")
    (tmp_path / "wrong.sh").write_text("exit 3")
    monkeypatch.setattr(shell.err, "_color_system", ColorSystem.STANDARD)
    monkeypatch.setattr(shell.err, "_force_terminal", True)
    right = cli("run", "right.sh").output
    assert right.startswith("hello\n\x1b[1;32maccepted\x1b[0m: \x1b[2msandbox ")
    assert "\x1b[1;31mruntime_error\x1b[0m: " in cli("run", "wrong.sh").output
