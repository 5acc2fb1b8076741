"""deploy.sh against a flyctl and a curl that only record what they are called with."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.keys import SHORTEST

ROOT = Path(__file__).resolve().parents[2]
APP = "codebae-runner"
URL = f"https://{APP}.fly.dev"
DEPLOY = f"deploy --config fly.toml --app {APP} --primary-region fra --ha=false"
MACHINES = f"machine list --app {APP} --quiet"
GIVEN = {"API_KEY": "some-key-of-tests"}
BASH_3_2 = ("bash", "--posix")
"""As near to macOS' as can be had: what is newer than POSIX is told by shellcheck, too."""
SHELLS = [("dash",), BASH_3_2, ("busybox", "sh"), ("posh",), ("mksh",), ("zsh", "--emulate", "sh")]

# What is in the folder `fly` says what there is; each call is a line of the file `calls`. A call
# that begins as a line of `fails` does fails.
FLYCTL = r"""#!/bin/sh
state=$(dirname "$0")/../fly
echo "$*" >>"$state/calls"
if [ -e "$state/fails" ]; then
    while read -r call; do
        case "$*" in "$call"*) echo "Error: no $call today" >&2; exit 1 ;; esac
    done <"$state/fails"
fi
case "$1 $2" in
    "auth whoami") [ -e "$state/login" ] ;;
    "status --app") [ -e "$state/app" ] || { echo "Error: Could not find App" >&2; exit 1; } ;;
    "apps create") touch "$state/app" ;;
    "volumes list") cat "$state/volumes" 2>/dev/null || echo '[]' ;;
    "volumes create") echo '[{"name": "runner_data"}]' >"$state/volumes" ;;
    "secrets list") cat "$state/secrets" 2>/dev/null || echo '[]' ;;
    "secrets import") cat >>"$state/imported" && echo '[{"name": "API_KEY"}]' >"$state/secrets" ;;
    "machine list") cat "$state/machines" 2>/dev/null || true ;;
    "machine start") [ ! -e "$state/running" ] || exit 1 ;;
    "scale count") seq "$3" >"$state/machines" ;;
    "checks list") cat "$state/checks" 2>/dev/null || echo '{}' ;;
    "deploy --config")
        [ -e "$state/machines" ] || echo 1 >"$state/machines"
        cat "$3" >"$state/config-$(grep -c '^deploy' "$state/calls")" ;;
esac
"""
CURL = r"""#!/bin/sh
state=$(dirname "$0")/../fly
echo "$*" >>"$state/curled"
case "$*" in
    */health)
        n=$(cat "$state/looks" 2>/dev/null || echo 0)
        echo $((n + 1)) >"$state/looks"
        [ ! -e "$state/checks-$n" ] || cp "$state/checks-$n" "$state/checks"
        if [ -e "$state/not-routed" ]; then exit 22
        elif [ -e "$state/sick" ]; then
            echo '{"status": "unhealthy", "reason": "self-test: memory"}'
        elif [ "$n" -lt 2 ]; then echo '{"status": "unhealthy", "reason": "building cpp 2/4"}'
        else echo '{"status": "healthy"}'; fi ;;
    */execute)
        cat >>"$state/headers"
        if [ -e "$state/refuses" ]; then echo '{"error": "Unauthorized", "code": "unauthorized"}'
        elif [ -e "$state/wrong" ]; then echo '{"success": false, "error": "no"}'
        else printf '%s\n' '{"success": true, "output": "hello\n"}'; fi ;;
esac
"""


@dataclass
class Fly:
    """What there is at Fly.io (`folder`), and a checkout to deploy from (`checkout`)."""

    folder: Path
    checkout: Path

    def has(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_text("")

    def fails(self, *calls: str) -> None:
        (self.folder / "fails").write_text("".join(f"{call}\n" for call in calls))

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    @property
    def calls(self) -> list[str]:
        """But for the looks at the checks, of which there are as many as it takes."""
        calls = self.read("calls").splitlines()
        return [each for each in calls if not each.startswith("checks list")]

    @property
    def imported(self) -> list[str]:
        """Every key that was set, in order, as `NAME=VALUE`."""
        return self.read("imported").split()

    @property
    def kept(self) -> dict[str, str]:
        files = self.checkout.glob(".fly/*")
        return {path.name: path.read_text().strip() for path in files}

    def environment(self, **environment: str) -> dict[str, str]:
        path = f"{self.folder.parent / 'bin'}:/usr/bin:/bin"
        usual = {"PATH": path, "HEALTH_INTERVAL": "0", "HOME": os.devnull, "FLY_APP": APP}
        return usual | environment

    def deploy(
        self, *arguments: str, shell: Sequence[str] = (), **environment: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*shell, self.checkout / "deploy.sh", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=self.environment(**environment),
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def typed(self, text: str) -> tuple[int, str]:
        """Deployed at a terminal where that is typed: how it ended, and what was to be seen."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [self.checkout / "deploy.sh"],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=self.environment(),
            start_new_session=True,
        )
        os.close(theirs)
        seen = b""
        lines = text.encode().splitlines(keepends=True)
        while True:
            try:
                seen += os.read(ours, 4096)
            except OSError:  # the last one has closed it
                break
            if lines and seen.endswith(b"): "):
                os.write(ours, lines.pop(0))
        os.close(ours)
        return process.wait(60), seen.decode()


@pytest.fixture
def fly(tmp_path: Path) -> Fly:
    for name in ("fly", "bin", "checkout"):
        (tmp_path / name).mkdir()
    for name, text in (("flyctl", FLYCTL), ("curl", CURL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    for name in ("deploy.sh", "fly.toml"):
        shutil.copy(ROOT / name, tmp_path / "checkout")
    return Fly(tmp_path / "fly", tmp_path / "checkout")


def made_up(said: str) -> str:
    """The key that was printed when it was made."""
    (line,) = (each for each in said.splitlines() if "made up an API_KEY" in each)
    return line.rpartition(": ")[2]


def test_the_first_deploy_makes_all_there_is(fly: Fly) -> None:
    fly.has("login")
    done = fly.deploy(API_KEY="very-secret-indeed", ADMIN_KEY="more-secret-indeed")
    assert done.returncode == 0, done.stderr
    assert fly.calls == [
        "auth whoami",
        f"status --app {APP}",
        f"apps create {APP}",
        f"volumes list --app {APP} --json",
        f"volumes create runner_data --app {APP} --region fra --size 10 --yes",
        f"secrets list --app {APP} --json",
        f"secrets import --app {APP} --stage",
        MACHINES,
        DEPLOY,
        MACHINES,
    ]
    assert fly.imported == [
        "API_KEY=very-secret-indeed",
        "ADMIN_KEY=more-secret-indeed",
    ]
    assert "building cpp 2/4" in done.stderr
    for language in ("c", "cpp", "java", "python"):
        assert f"==> {language}: hello" in done.stderr
    assert done.stdout.split() == [URL, f"RUNNER_URL={URL}", "RUNNER_API_KEY=very-secret-indeed"]
    assert fly.kept == {}  # neither key is


def test_keys_are_on_no_command_line(fly: Fly) -> None:
    fly.has("login")
    done = fly.deploy(API_KEY="very-secret-indeed", ADMIN_KEY="more-secret-indeed")
    assert "secret" not in fly.read("calls").replace("secrets", "")
    assert "secret" not in fly.read("curled")
    assert fly.read("headers").count('header = "Authorization: Bearer very-secret-indeed"') == 4
    assert "secret" not in done.stderr
    assert "more-secret-indeed" not in done.stdout


def test_without_a_key_one_is_made_up_printed_and_kept_for_its_owner_alone(fly: Fly) -> None:
    fly.has("login")
    done = fly.deploy()
    assert done.returncode == 0, done.stderr
    (imported,) = fly.imported
    key = imported.removeprefix("API_KEY=")
    assert len(key) == 32
    assert made_up(done.stderr) == key
    assert done.stdout.split()[-1] == f"RUNNER_API_KEY={key}"
    assert fly.kept == {f"{APP}.key": key}
    assert [oct(each.stat().st_mode)[-2:] for each in fly.checkout.rglob(".fly")] == ["00"]
    assert ((fly.checkout / ".fly" / f"{APP}.key").stat().st_mode & 0o077) == 0


STEPS = {
    "apps create": "is neither yours nor could it be created",
    "volumes list": "volumes of codebae-runner could not be listed",
    "volumes create": "volume could not be created",
    "secrets list": "secrets of codebae-runner could not be listed",
    "secrets import": "keys could not be set",
    "machine list": "machines of codebae-runner could not be listed",
    "deploy": "the deployment failed",
    "deploy --config fly.toml": "the deployment failed",  # the last one, with all machines healthy
    "scale count": "there could not be 2 machines",
    "health": "not healthy after 0 s",
    "hello": "c: no hello",
}


@pytest.mark.parametrize("step", STEPS)
def test_whatever_fails_the_key_is_printed_once_it_is_made_and_used_by_the_next_run(
    fly: Fly, step: str
) -> None:
    fly.has("login", *{"health": ["sick"], "hello": ["wrong"]}.get(step, []))
    (fly.folder / "checks").write_text(
        '{"1": [{"status": "passing"}], "2": [{"status":"passing"}]}'
    )
    fly.fails(*({step} - {"health", "hello"}))
    failed = fly.deploy("--scale", "2", HEALTH_SECONDS="0" if step == "health" else "60")
    assert failed.returncode == 1
    assert STEPS[step] in failed.stderr
    assert failed.stdout == ""
    keys = {made_up(failed.stderr)} if "made up" in failed.stderr else set()
    assert bool(keys) == (list(STEPS).index(step) > list(STEPS).index("secrets list"))
    for each in ("fails", "sick", "wrong"):
        (fly.folder / each).unlink(missing_ok=True)
    done = fly.deploy("--scale", "2")
    assert done.returncode == 0, done.stderr
    keys |= {made_up(done.stderr)} if "made up" in done.stderr else set()
    (key,) = keys
    assert set(fly.imported) == {f"API_KEY={key}"}
    assert done.stdout.split()[-1] == f"RUNNER_API_KEY={key}"
    assert not (fly.checkout / "fly.building.toml").exists()


def test_a_key_that_can_t_be_kept_is_printed_all_the_same(fly: Fly) -> None:
    fly.has("login")
    (fly.checkout / ".fly").write_text("no folder")
    done = fly.deploy()
    assert done.returncode == 0, done.stderr
    assert f"API_KEY={made_up(done.stderr)}" in fly.imported
    assert "could not keep it" in done.stderr


def test_a_kept_key_that_is_not_the_one_that_is_set_is_told_and_not_handed_out(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy().returncode == 0
    fly.has("refuses")
    done = fly.deploy()
    assert done.returncode == 1
    assert f"has another API_KEY than the one kept in .fly/{APP}.key" in done.stderr
    assert done.stdout == ""


def test_a_kept_key_goes_when_another_one_is_set(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy().returncode == 0
    fly.fails("secrets import")
    assert fly.deploy(**GIVEN).returncode == 1
    assert fly.kept != {}  # still the one that is set
    fly.fails()
    assert fly.deploy(**GIVEN).returncode == 0
    assert fly.kept == {}


def test_the_second_deploy_keeps_what_there_is(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy(API_KEY="very-secret-indeed").returncode == 0
    (fly.folder / "calls").unlink()
    done = fly.deploy()
    assert done.returncode == 0, done.stderr
    assert [each for each in fly.calls if "create" in each or "import" in each] == []
    assert fly.calls[-2:] == [DEPLOY, MACHINES]
    assert "not trying the languages" in done.stderr
    assert "RUNNER_API_KEY=<the API_KEY that is set>" in done.stdout


def test_a_key_may_be_replaced(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy(API_KEY="old-key-of-tests").returncode == 0
    assert fly.deploy(API_KEY="new-key-of-tests").returncode == 0
    assert fly.imported == ["API_KEY=old-key-of-tests", "API_KEY=new-key-of-tests"]


def test_without_a_login_nothing_is_done(fly: Fly) -> None:
    done = fly.deploy(API_KEY="some-key-of-tests")
    assert done.returncode == 1
    assert "error: not logged in to Fly.io\n       Run: flyctl auth login" in done.stderr
    assert fly.calls == ["auth whoami"]


def test_without_flyctl_it_says_where_to_get_it(fly: Fly) -> None:
    (fly.folder.parent / "bin" / "flyctl").unlink()
    done = fly.deploy(API_KEY="some-key-of-tests")
    assert done.returncode == 1
    assert "flyctl is not installed" in done.stderr


def test_a_service_that_does_not_get_well_is_a_failure_with_its_reason(fly: Fly) -> None:
    fly.has("login", "sick")
    done = fly.deploy(**GIVEN, HEALTH_SECONDS="1")
    assert done.returncode == 1
    assert "error: not healthy after 1 s: self-test: memory" in done.stderr
    assert f"flyctl checks list --app {APP}" in done.stderr
    assert f"flyctl logs --app {APP}" in done.stderr
    assert done.stdout == ""


CHECKS = r"""{
    "148e": [{"name": "servicecheck-00-http-3000", "status": "critical",
        "output": "{\"status\": \"unhealthy\", \"reason\": \"building java 4/4\"}"
    }]
}"""


def test_of_a_machine_that_gets_no_requests_fly_s_check_says_why(fly: Fly) -> None:
    fly.has("login", "not-routed")
    (fly.folder / "checks").write_text(CHECKS)
    done = fly.deploy(**GIVEN, HEALTH_SECONDS="0")
    assert "error: not healthy after 0 s: building java 4/4" in done.stderr
    fly.fails("deploy")
    done = fly.deploy(**GIVEN)
    assert "error: the deployment failed: a machine says: building java 4/4" in done.stderr
    fly.fails("checks")
    assert (
        "error: not healthy after 0 s: no answer" in fly.deploy(**GIVEN, HEALTH_SECONDS="0").stderr
    )


def test_a_deploy_that_fails_asks_nobody_for_its_health(fly: Fly) -> None:
    fly.has("login")
    fly.fails("deploy")
    assert fly.deploy(**GIVEN).returncode == 1
    assert fly.read("curled") == ""


def test_a_language_that_does_not_say_hello_is_a_failure(fly: Fly) -> None:
    fly.has("login", "wrong")
    done = fly.deploy(API_KEY="some-key-of-tests")
    assert done.returncode == 1
    assert 'error: c: no hello: {"success": false, "error": "no"}' in done.stderr


def test_a_language_that_refuses_the_given_key_is_a_failure(fly: Fly) -> None:
    fly.has("login", "refuses")
    assert "error: the service refuses the API_KEY" in fly.deploy(**GIVEN).stderr


def passing(*machines: str) -> str:
    return "{" + ", ".join(f'"{each}": [{{"status": "passing"}}]' for each in machines) + "}"


def test_of_several_machines_all_run_and_none_stops_until_all_are_healthy(fly: Fly) -> None:
    fly.has("login")
    (fly.folder / "checks-0").write_text(passing("1"))
    (fly.folder / "checks-4").write_text(passing("1", "2"))
    (fly.folder / "checks-6").write_text(passing("1", "2", "3"))
    done = fly.deploy("--scale", "3", "--region", "ams", **GIVEN)
    assert done.returncode == 0, done.stderr
    deploy = DEPLOY.replace("fra", "ams")
    assert fly.calls[-7:] == [
        deploy.replace("fly.toml", "fly.building.toml"),
        f"scale count 3 --app {APP} --region ams --yes",
        MACHINES,
        *(f"machine start {each} --app {APP}" for each in "123"),
        deploy,
    ]
    for count in "12":
        assert f"==> {count} of 3 machines are healthy" in done.stderr
    shipped = (ROOT / "fly.toml").read_text()
    assert fly.read("config-2") == shipped
    assert fly.read("config-1") == shipped.replace(
        'auto_stop_machines = "stop"', 'auto_stop_machines = "off"'
    )
    assert not (fly.checkout / "fly.building.toml").exists()


def test_several_machines_are_seen_without_being_asked_for(fly: Fly) -> None:
    fly.has("login", "running")  # a machine that runs can't be started
    (fly.folder / "machines").write_text("1\n2\n\n")
    (fly.folder / "checks").write_text(passing("1", "2"))
    done = fly.deploy(**GIVEN)
    assert done.returncode == 0, done.stderr
    assert len([each for each in fly.calls if each.startswith("deploy")]) == 2
    assert not any(each.startswith("scale") for each in fly.calls)


def test_down_to_one_machine_is_one_deploy(fly: Fly) -> None:
    fly.has("login")
    (fly.folder / "machines").write_text("1\n2\n")
    done = fly.deploy("--scale", "1", **GIVEN)
    assert done.returncode == 0, done.stderr
    assert [each for each in fly.calls if each.startswith("deploy")] == [DEPLOY]


def test_a_name_is_made_up_once_and_kept(fly: Fly) -> None:
    fly.has("login")
    first = fly.deploy(FLY_APP="", **GIVEN)
    assert first.returncode == 0, first.stderr
    name = fly.kept["app"]
    assert name.startswith("codebae-runner-")
    assert len(name) == len("codebae-runner-") + 8
    assert first.stdout.split()[0] == f"https://{name}.fly.dev"
    assert fly.deploy(FLY_APP="", **GIVEN).stdout == first.stdout


def test_a_name_that_could_not_be_had_is_not_kept(fly: Fly) -> None:
    fly.has("login")
    fly.fails("apps create")
    done = fly.deploy(FLY_APP="", **GIVEN)
    assert done.returncode == 1
    assert "choose another one by --app NAME" in done.stderr
    assert "Could not find App" in done.stderr  # as flyctl said of it
    assert fly.kept == {}


def test_a_name_in_fly_toml_counts(fly: Fly) -> None:
    fly.has("login")
    config = fly.checkout / "fly.toml"
    config.write_text(f'app = "mine"\n{config.read_text()}')
    done = fly.deploy(FLY_APP="", **GIVEN)
    assert "RUNNER_URL=https://mine.fly.dev" in done.stdout
    assert "RUNNER_URL=https://other.fly.dev" in fly.deploy("--app", "other", **GIVEN).stdout


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
def test_every_shell_does_the_same(fly: Fly, shell: tuple[str, ...]) -> None:
    if shutil.which(shell[0]) is None:
        pytest.skip(f"{shell[0]} is not installed")
    fly.has("login")
    (fly.folder / "checks").write_text(passing("1", "2"))
    first = fly.deploy("--scale", "2", shell=shell, FLY_APP="", ADMIN_KEY="an-admin-key-of-tests")
    assert first.returncode == 0, first.stderr
    key = made_up(first.stderr)
    assert fly.imported == [f"API_KEY={key}", "ADMIN_KEY=an-admin-key-of-tests"]
    assert fly.kept.keys() == {"app", f"{fly.kept['app']}.key"}
    second = fly.deploy(shell=shell, FLY_APP="")
    assert second.stdout == first.stdout, second.stderr
    assert f"RUNNER_API_KEY={key}" in second.stdout
    for wrong in ("a b", 'a"b', "a\\b", "a\nADMIN_KEY=b", "a\rb", "fifteen-letters"):
        done = fly.deploy(shell=shell, API_KEY=wrong)
        assert done.returncode == 1, wrong
        assert "API_KEY: " in done.stderr
    assert len(fly.imported) == 2


@pytest.mark.parametrize(
    ("folder", "prompt"),
    [
        ({}, "API_KEY (empty: make one up): "),
        ({"secrets": '[{"name": "API_KEY"}]'}, "API_KEY (empty: leave the one that is set): "),
    ],
)
def test_the_prompt_says_what_becomes_of_an_empty_answer(
    fly: Fly, folder: dict[str, str], prompt: str
) -> None:
    fly.has("login")
    for name, text in folder.items():
        (fly.folder / name).write_text(text)
    status, seen = fly.typed("\n\n")
    assert status == 0, seen
    assert f"\r\n{prompt}" in f"\r\n{seen}"
    assert ("made up an API_KEY" in seen) == (not folder)
    status, seen = fly.typed("\n\n")
    kept = f"use the one kept in .fly/{APP}.key"
    assert (f"API_KEY (empty: {kept}): " in seen) == (not folder)


def test_what_is_typed_is_set_and_not_shown(fly: Fly) -> None:
    fly.has("login")
    status, seen = fly.typed("a-typed-key-of-tests\nan-admin-key-of-tests\n")
    assert status == 0, seen
    assert fly.imported == ["API_KEY=a-typed-key-of-tests", "ADMIN_KEY=an-admin-key-of-tests"]
    assert seen.count("a-typed-key-of-tests") == 1  # the result's
    assert "an-admin-key-of-tests" not in seen


def test_a_dry_run_calls_nobody(fly: Fly) -> None:
    done = fly.deploy("--dry-run", "--scale", "2", API_KEY="very-secret-indeed")
    assert done.returncode == 0, done.stderr
    assert (fly.calls, fly.read("curled")) == ([], "")
    for text in ("apps create", "volumes create", "secrets import", DEPLOY, "scale count 2"):
        assert f"+ flyctl {text}" in done.stdout
    assert "very-secret-indeed" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--scale", "0"], "--scale: a number from 1 to 99"),
        (["--scale"], "--scale needs a value"),
        (["--app", "no; such"], "not an app's name"),
        (["--region", "x"], "not a region's code"),
        (["--now"], "unknown argument: --now"),
    ],
)
def test_what_it_does_not_understand_it_does_not_do(
    fly: Fly, arguments: list[str], message: str
) -> None:
    fly.has("login")
    done = fly.deploy(*arguments)
    assert done.returncode == 1
    assert message in done.stderr
    assert fly.calls == []


@pytest.mark.parametrize("key", ["a b", 'a"b', "a\\b", "a\nADMIN_KEY=b"])
def test_a_key_that_would_be_more_than_a_key_is_refused(fly: Fly, key: str) -> None:
    fly.has("login")
    done = fly.deploy(API_KEY=key)
    assert done.returncode == 1
    assert "API_KEY: no blanks, quotes" in done.stderr
    assert fly.read("imported") == ""


@pytest.mark.parametrize(
    ("name", "key", "is_taken"),
    [
        ("API_KEY", "fifteen-letters", False),
        ("API_KEY", "sixteen-letters!", True),
        ("API_KEY", "sixteen-letters!,short", False),
        ("API_KEY", "sixteen-letters!,sixteen-letters?", True),
        ("ADMIN_KEY", "a", False),
    ],
)
def test_a_key_that_the_server_would_refuse_is_refused(
    fly: Fly, name: str, key: str, *, is_taken: bool
) -> None:
    fly.has("login")
    done = fly.deploy(**{"API_KEY": "some-key-of-tests", name: key})
    assert (done.returncode == 0) == is_taken, done.stderr
    assert (f"{name}: at least 16 characters each" in done.stderr) == (not is_taken)
    assert (f"{name}={key}" in fly.read("imported")) == is_taken
    assert ("apps create" in fly.read("calls")) == is_taken  # nothing is made for nothing


def test_deploying_and_serving_ask_for_keys_as_long() -> None:
    assert f"\nSHORTEST_KEY={SHORTEST}\n" in (ROOT / "deploy.sh").read_text()


def test_help_names_every_option(fly: Fly) -> None:
    done = fly.deploy("--help")
    assert done.returncode == 0
    for word in ("--app NAME", "--region CODE", "--scale N", "--dry-run", "API_KEY"):
        assert word in done.stdout
