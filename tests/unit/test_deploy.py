"""deploy.sh against a flyctl and a curl that only record what they are called with."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from orchestrator.cli.keys import SHORTEST

ROOT = Path(__file__).resolve().parents[2]
APP = "codebae-runner"
URL = f"https://{APP}.fly.dev"
DEPLOY = f"deploy --config fly.toml --app {APP} --primary-region fra --ha=false"

# What is in the folder `fly` says what there is; each call is a line of the file `calls`.
FLYCTL = r"""#!/bin/sh
state=$(dirname "$0")/../fly
echo "$*" >>"$state/calls"
case "$1 $2" in
    "auth whoami") [ -e "$state/login" ] ;;
    "status --app") [ -e "$state/app" ] ;;
    "apps create") touch "$state/app" ;;
    "volumes list") cat "$state/volumes" 2>/dev/null || echo '[]' ;;
    "volumes create") echo '[{"name": "runner_data"}]' >"$state/volumes" ;;
    "secrets list") cat "$state/secrets" 2>/dev/null || echo '[]' ;;
    "secrets import") cat >>"$state/imported" && echo '[{"name": "API_KEY"}]' >"$state/secrets" ;;
    "deploy --config") [ ! -e "$state/deploy-fails" ] ;;
esac
"""
CURL = r"""#!/bin/sh
state=$(dirname "$0")/../fly
echo "$*" >>"$state/curled"
case "$*" in
    */health)
        n=$(cat "$state/looks" 2>/dev/null || echo 0)
        echo $((n + 1)) >"$state/looks"
        if [ -e "$state/sick" ]; then echo '{"status": "unhealthy", "reason": "self-test: memory"}'
        elif [ "$n" -lt 2 ]; then echo '{"status": "unhealthy", "reason": "building cpp 2/4"}'
        else echo '{"status": "healthy"}'; fi ;;
    */execute)
        cat >>"$state/headers"
        if [ -e "$state/wrong" ]; then echo '{"success": false, "error": "no"}'
        else printf '%s\n' '{"success": true, "output": "hello\n"}'; fi ;;
esac
"""


@dataclass
class Fly:
    folder: Path

    def has(self, *names: str) -> None:
        for name in names:
            (self.folder / name).write_text("")

    def read(self, name: str) -> str:
        path = self.folder / name
        return path.read_text() if path.exists() else ""

    @property
    def calls(self) -> list[str]:
        return self.read("calls").splitlines()

    def deploy(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.folder.parent / 'bin'}:/usr/bin:/bin"
        env = {"PATH": path, "HEALTH_INTERVAL": "0", "HOME": os.devnull, **environment}
        return subprocess.run(
            [ROOT / "deploy.sh", *arguments],
            check=False,
            capture_output=True,
            text=True,
            env=env,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )


@pytest.fixture
def fly(tmp_path: Path) -> Fly:
    (tmp_path / "fly").mkdir()
    (tmp_path / "bin").mkdir()
    for name, text in (("flyctl", FLYCTL), ("curl", CURL)):
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    return Fly(tmp_path / "fly")


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
        DEPLOY,
    ]
    assert fly.read("imported").split() == [
        "API_KEY=very-secret-indeed",
        "ADMIN_KEY=more-secret-indeed",
    ]
    assert "building cpp 2/4" in done.stderr
    for language in ("c", "cpp", "java", "python"):
        assert f"==> {language}: hello" in done.stderr
    assert done.stdout.split() == [URL, f"RUNNER_URL={URL}", "RUNNER_API_KEY=very-secret-indeed"]


def test_keys_are_on_no_command_line(fly: Fly) -> None:
    fly.has("login")
    done = fly.deploy(API_KEY="very-secret-indeed", ADMIN_KEY="more-secret-indeed")
    assert "secret" not in fly.read("calls").replace("secrets", "")
    assert "secret" not in fly.read("curled")
    assert fly.read("headers").count('header = "Authorization: Bearer very-secret-indeed"') == 4
    assert "secret" not in done.stderr
    assert "more-secret-indeed" not in done.stdout


def test_without_a_key_one_is_made_up(fly: Fly) -> None:
    fly.has("login")
    done = fly.deploy()
    assert done.returncode == 0, done.stderr
    key = fly.read("imported").strip().removeprefix("API_KEY=")
    assert len(key) == 32
    assert done.stdout.split()[-1] == f"RUNNER_API_KEY={key}"


def test_the_second_deploy_keeps_what_there_is(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy(API_KEY="very-secret-indeed").returncode == 0
    (fly.folder / "calls").unlink()
    done = fly.deploy()
    assert done.returncode == 0, done.stderr
    assert [each for each in fly.calls if "create" in each or "import" in each] == []
    assert fly.calls[-1] == DEPLOY
    assert "not trying the languages" in done.stderr
    assert "RUNNER_API_KEY=<the API_KEY that is set>" in done.stdout


def test_a_key_may_be_replaced(fly: Fly) -> None:
    fly.has("login")
    assert fly.deploy(API_KEY="old-key-of-tests").returncode == 0
    assert fly.deploy(API_KEY="new-key-of-tests").returncode == 0
    assert fly.read("imported").split() == ["API_KEY=old-key-of-tests", "API_KEY=new-key-of-tests"]


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
    done = fly.deploy(API_KEY="some-key-of-tests", HEALTH_SECONDS="1")
    assert done.returncode == 1
    assert "error: not healthy after 1 s: self-test: memory" in done.stderr
    assert f"flyctl logs --app {APP}" in done.stderr
    assert done.stdout == ""


def test_a_deploy_that_fails_is_a_failure(fly: Fly) -> None:
    fly.has("login", "deploy-fails")
    done = fly.deploy(API_KEY="some-key-of-tests")
    assert done.returncode != 0
    assert done.stdout == ""
    assert fly.read("curled") == ""


def test_a_language_that_does_not_say_hello_is_a_failure(fly: Fly) -> None:
    fly.has("login", "wrong")
    done = fly.deploy(API_KEY="some-key-of-tests")
    assert done.returncode == 1
    assert 'error: c: no hello: {"success": false, "error": "no"}' in done.stderr


def test_scale_gives_each_machine_a_volume_and_comes_after_the_deploy(fly: Fly) -> None:
    fly.has("login")
    assert (
        fly.deploy(
            "--scale", "3", "--app", "mine", "--region", "ams", API_KEY="some-key-of-tests"
        ).returncode
        == 0
    )
    assert fly.calls[-2:] == [
        "deploy --config fly.toml --app mine --primary-region ams --ha=false",
        "scale count 3 --app mine --region ams --yes",
    ]


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


def test_help_is_what_stands_at_its_top(fly: Fly) -> None:
    done = fly.deploy("--help")
    assert done.returncode == 0
    for word in ("--app NAME", "--region CODE", "--scale N", "--dry-run", "API_KEY"):
        assert word in done.stdout
