"""compose.production.yaml and the systemd unit: what they have in common with what was tried."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from orchestrator.cli.keys import SHORTEST
from orchestrator.cli.serve import SHUTDOWN_S
from orchestrator.embedded.engine import STOP_S
from orchestrator.settings import Settings
from tests.api_support import make_settings
from tests.checkout import ROOT
from tests.docs.classified import Elsewhere, how
from tests.docs.commands import Command, commands_on

UNIT = ROOT / "production" / "codebae-runner.service"
INSTALLED = "/opt/codebae-runner"
REMOVAL_S = 5
"""For the last sandboxes' containers."""


def services(name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / name).read_text())["services"]
    return found


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.production.yaml").read_text())
    return found


@pytest.fixture(scope="module")
def runner(compose: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = compose["services"]["runner"]
    return found


def unit(key: str) -> list[str]:
    return re.findall(rf"^{key}=(.*)$", UNIT.read_text(), re.MULTILINE)


def environment() -> dict[str, str]:
    return dict(pair.split("=", 1) for line in unit("Environment") for pair in line.split())


def test_the_server_has_the_rights_that_were_tried_and_can_gain_no_others(
    runner: dict[str, Any],
) -> None:
    tried = services("compose.yaml")["runner"]
    for key in ("cap_add", "device_cgroup_rules", "stop_grace_period"):
        assert runner[key] == tried[key]
    assert runner["security_opt"] == [*tried["security_opt"], "no-new-privileges:true"]
    assert "/sys/fs/cgroup:/sys/fs/cgroup:rw" in runner["volumes"]
    assert runner["read_only"] is True
    assert "privileged" not in runner
    assert "ports" not in runner  # whoever comes comes through the proxy


def test_nothing_is_for_development_and_nothing_starts_without_a_key(
    runner: dict[str, Any],
) -> None:
    assert runner.keys().isdisjoint({"build", "command", "entrypoint"})
    assert not any("./" in each for each in runner["volumes"])
    assert runner["environment"]["API_KEY"].startswith("${API_KEY:?")
    known = {name.upper() for name in Settings.model_fields}
    assert runner["environment"].keys() <= known


def test_everything_comes_back_and_no_log_fills_the_disk(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        assert service["restart"] == "unless-stopped"
        assert service["logging"]["driver"] == "json-file"
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}
        assert "mem_limit" in service


def test_the_proxy_is_believed_and_nobody_else(
    compose: dict[str, Any], runner: dict[str, Any]
) -> None:
    (subnet,) = compose["networks"]["front"]["ipam"]["config"]
    assert runner["environment"]["TRUSTED_PROXIES"] == subnet["subnet"]
    make_settings(trusted_proxies=subnet["subnet"])


def test_every_volume_is_named_and_kept(compose: dict[str, Any]) -> None:
    used = {
        each.partition(":")[0]
        for service in compose["services"].values()
        for each in service["volumes"]
        if each[0] not in "./"
    }
    assert used == compose["volumes"].keys()


def test_there_is_time_to_drain(runner: dict[str, Any]) -> None:
    needed = 2 * SHUTDOWN_S + STOP_S + REMOVAL_S
    drain = float(runner["environment"]["DRAIN_TIMEOUT"])
    assert int(runner["stop_grace_period"].removesuffix("s")) >= drain + needed
    assert int(unit("TimeoutStopSec")[0]) >= float(environment()["DRAIN_TIMEOUT"]) + needed


def test_the_unit_sets_what_settings_there_are() -> None:
    known = {name.upper() for name in Settings.model_fields} | {"PYTHONUNBUFFERED"}
    assert environment().keys() <= known
    (folder,) = unit("StateDirectory")
    assert environment()["STATE_DIR"] == f"/var/lib/{folder}"


NOTE = """#!/bin/sh
printf '%s\\n' "${0##*/} $*" >>"${0%/*}/calls"
"""


def test_the_guide_s_commands_do_what_it_says(tmp_path: Path) -> None:
    """In turn, in a folder that stands for the machine's root; what changes it is a stub."""
    page = ROOT / "docs" / "howto" / "deploy-vps.md"
    own = [each for each in commands_on(page.name, page.read_text()) if is_run(each)]
    version, stubs = tmp_path / "opt" / "codebae-runner-1.2.3", tmp_path / "stubs"
    for folder in (version, stubs, tmp_path / "etc" / "systemd" / "system"):
        folder.mkdir(parents=True)
    shutil.copytree(ROOT / "production", version / "production")
    for name in ("docker", "make", "useradd", "systemctl"):
        (stubs / name).write_text(NOTE)
        (stubs / name).chmod(0o755)
    script = "\n".join(each.text for each in own)
    script = re.sub(r"(?<= )(/opt|/etc)|(?<=>)(/etc)", rf"{tmp_path}\g<0>", script)
    subprocess.run(
        ["bash", "-euc", script], cwd=version, env={"PATH": f"{stubs}:/usr/bin:/bin"}, check=True
    )
    assert (tmp_path / "opt" / "codebae-runner").resolve() == version
    assert (tmp_path / "etc" / "systemd" / "system" / UNIT.name).read_text() == UNIT.read_text()
    for path, names in (
        (version / ".env", ["DOMAIN", "API_KEY"]),
        (tmp_path / "etc" / "codebae-runner.env", ["API_KEY"]),
    ):
        settings = dict(line.split("=", 1) for line in path.read_text().splitlines())
        assert [*settings] == names
        assert len(settings["API_KEY"]) >= SHORTEST
        assert path.stat().st_mode & 0o077 == 0
    made = (stubs / "calls").read_text().splitlines()
    assert {"make images", "systemctl enable --now codebae-runner"} <= {*made}
    check_compose([each.split() for each in made if each.startswith("docker compose")])


def is_run(command: Command) -> bool:
    place = how(command)
    return isinstance(place, Elsewhere) and place.where.endswith(Path(__file__).name)


def check_compose(calls: list[list[str]]) -> None:
    """With a file that is there, and services that it has."""
    assert {call[4] for call in calls} == {"up", "exec", "logs"}
    for call in calls:
        known = services(call[3])
        if call[4] == "exec":
            assert call[5] in known
        if call[4] == "logs":
            assert call[-1] in known


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd-analyze")
@pytest.mark.parametrize(
    ("old", "new", "is_fine"),
    [("", "", True), ("ExecStart=/", "ExecStart=/no/", False)],
)
def test_systemd_makes_something_of_the_unit(
    tmp_path: Path, old: str, new: str, *, is_fine: bool
) -> None:
    """Its program is there, of this checkout; a unit whose program is not is refused."""
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to("/bin/true")
    text = UNIT.read_text().replace(INSTALLED, str(tmp_path)).replace(old or "\0", new)
    copy = tmp_path / UNIT.name
    copy.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", copy], check=False, capture_output=True, text=True
    )
    assert (done.returncode == 0) == is_fine, done.stderr
    assert ("Unknown" in done.stderr) is False
