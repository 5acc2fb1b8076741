"""What is said of an engine that can't be used, by the server and by scripts/engine."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import socket
import stat
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import requests
import urllib3

from orchestrator.engine import reach
from orchestrator.engine.client import EngineClient
from orchestrator.engine.failures import translate
from orchestrator.engine.ping import ping
from orchestrator.errors import EngineError, EngineUnavailableError
from tests.fake_engine import Answer, FakeEngine, fake_engine, hang, refuse, say

ROOT = Path(__file__).resolve().parents[2]
SNAP = {"DockerRootDir": "/var/snap/docker/common/var-lib-docker", "SecurityOptions": []}
ROOTLESS = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}
USUAL = {
    "DockerRootDir": "/var/lib/docker",
    "SecurityOptions": ["name=apparmor", "name=seccomp,profile=default", "name=cgroupns"],
}


@pytest.fixture
def groups(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Says who is in the socket's group."""

    def stand_in(group: str, number: int, members: list[str], *, ours: list[int]) -> None:
        monkeypatch.setattr(reach.os, "stat", lambda _: SimpleNamespace(st_gid=number))
        monkeypatch.setattr(reach.os, "getgroups", lambda: ours)
        found = SimpleNamespace(gr_name=group, gr_gid=number, gr_mem=members)
        monkeypatch.setattr(reach.grp, "getgrgid", lambda _: found)
        monkeypatch.setattr(reach.pwd, "getpwuid", lambda _: SimpleNamespace(pw_name="ann"))

    return stand_in


DENIED = PermissionError(errno.EACCES, "Permission denied")


def test_a_user_without_access_is_told_which_group_to_join(groups: Any) -> None:
    groups("docker", 999, ["bob"], ours=[1000])
    assert reach.explain("/run/docker.sock", DENIED) == (
        "permission denied at /run/docker.sock: join the group docker "
        "(sudo usermod -aG docker ann, then log in anew), or run this as root"
    )


def test_a_user_who_has_joined_the_group_since_is_told_to_log_in_again(groups: Any) -> None:
    groups("docker", 999, ["ann"], ours=[1000])
    assert "log in anew, or run this under `newgrp docker`" in reach.explain("/s", DENIED)


@pytest.mark.parametrize("number", [0, 999])
def test_without_a_group_for_the_socket_root_is_suggested(groups: Any, number: int) -> None:
    groups("root", number, [], ours=[1000])
    assert ("join the group" in reach.explain("/s", DENIED)) == (number != 0)
    assert "run this as root" in reach.explain("/s", DENIED)


async def test_each_cause_of_an_unreachable_engine_has_its_explanation(tmp_path: Path) -> None:
    def cause(path: Path) -> str:
        with pytest.raises(EngineUnavailableError) as raised:
            asyncio.run(ping(str(path), timeout_s=5))
        return str(raised.value)

    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(dead))
    assert (
        f"there is no socket at {tmp_path}/none.sock: start the engine"
        in await asyncio.to_thread(cause, tmp_path / "none.sock")
    )
    assert f"nobody listens at {dead}" in await asyncio.to_thread(cause, dead)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (errno.EACCES, "permission denied at /s"),
        (errno.EPERM, "permission denied at /s"),
        (errno.ENOENT, "there is no socket at /s"),
        (errno.ENOTDIR, "there is no socket at /s"),
        (errno.ECONNREFUSED, "nobody listens at /s"),
        (errno.ECONNRESET, "/s: Connection reset by peer"),
    ],
)
def test_the_kernel_s_reason_is_found_within_the_libraries_own(number: int, text: str) -> None:
    inner = OSError(number, os.strerror(number))
    wrapped = requests.ConnectionError(urllib3.exceptions.ProtocolError("aborted", inner))
    assert str(translate(wrapped, "/s")).startswith(f"The engine can't be reached: {text}")


@pytest.mark.parametrize(
    ("info", "words"),
    [
        (USUAL, ""),
        ({}, ""),
        ({"SecurityOptions": None}, ""),
        (SNAP, "Ubuntu's snap"),
        (ROOTLESS, "it is rootless: images can be built, but no sandbox starts"),
        ({"SecurityOptions": ["name=userns"]}, "userns-remap"),
    ],
)
def test_an_engine_in_which_no_sandbox_starts_is_known(info: dict[str, object], words: str) -> None:
    found = reach.quirk(info)
    assert (words in found, bool(found)) == (True, bool(words))


async def test_look_reports_whether_an_engine_answers_and_what_is_wrong_with_it() -> None:
    async with fake_engine() as engine:
        for info, words in ((USUAL, ""), (SNAP, "snap"), (ROOTLESS, "rootless")):
            engine.answers["GET /info"] = Answer(200, info)
            answers, remark = await look(engine)
            assert (answers, words in remark, bool(remark)) == (True, True, bool(words))
        engine.answers["GET /info"] = say(b"no HTTP")
        assert await look(engine) == (True, "")


async def look(engine: FakeEngine) -> tuple[bool, str]:
    return await asyncio.to_thread(reach.look, str(engine.socket))


async def test_a_service_that_is_no_engine_is_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    async with fake_engine() as engine:
        engine.answers["GET /_ping"] = say(b"220 mail ready\r\n")
        answers, remark = await look(engine)
        assert (answers, "is no engine" in remark) == (False, True)
        monkeypatch.setattr(reach, "TIMEOUT_S", 0.1)
        engine.answers["GET /_ping"] = hang
        answers, remark = await look(engine)
        assert (answers, "does not answer within 0.1 s" in remark) == (False, True)
    answers, remark = await look(engine)
    assert (answers, "there is no socket" in remark) == (False, True)


async def test_a_start_that_fails_in_such_an_engine_says_why() -> None:
    async with fake_engine() as engine:
        engine.answers["GET /info"] = Answer(200, SNAP)
        engine.answers["POST /containers/*/start"] = refuse(500, "exec: operation not permitted")
        client = EngineClient(engine.url, timeout_s=5, threads=1)
        await client.create_container("box", {})
        with pytest.raises(EngineError, match=r"operation not permitted$"):
            await client.start_container("box")
        await client.info()
        with pytest.raises(EngineError, match=r"not permitted \(the engine at .*Ubuntu's snap"):
            await client.start_container("box")
        await client.close()


async def test_an_engine_without_apparmor_s_tools_is_named_with_the_cure() -> None:
    said = (
        "AppArmor enabled on system but the docker-default profile could not be loaded: running "
        '`apparmor_parser` failed with output: exec: "apparmor_parser": executable file not found'
    )
    async with fake_engine() as engine:
        engine.answers["POST /containers/*/start"] = refuse(500, said)
        client = EngineClient(engine.url, timeout_s=5, threads=1)
        await client.create_container("box", {})
        with pytest.raises(
            EngineError, match=r"not found .*apt-get install apparmor, then restart"
        ):
            await client.start_container("box")
        await client.close()
    assert reach.cure("no space left on device") == ""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, {"runtimes": {"crun": {"path": "CRUN"}}}),
        ("", {"runtimes": {"crun": {"path": "CRUN"}}}),
        (
            '{"debug": true, "runtimes": {"runsc": {"path": "/r"}}}',
            {"debug": True, "runtimes": {"runsc": {"path": "/r"}, "crun": {"path": "CRUN"}}},
        ),
        ('{"runtimes": {"crun": {"path": "/own"}}}', None),
        ("no JSON", None),
    ],
)
def test_crun_is_registered_beside_what_the_machine_s_configuration_has(
    tmp_path: Path, before: str | None, after: dict[str, object] | None
) -> None:
    """As scripts/engine does it on a machine of systemd's."""
    for name in ("crun", "systemctl"):
        (tmp_path / name).write_text(f"#!/bin/sh\necho {name} $* >>{tmp_path}/called\n")
        (tmp_path / name).chmod(0o755)
    file = tmp_path / "docker" / "daemon.json"
    if before is not None:
        file.parent.mkdir()
        file.write_text(before)
    text = (ROOT / "scripts/engine").read_text()
    function = text[text.index("register_crun() {") : text.index("# What an engine trips over")]
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"say() {{ :; }}\n{function}\nregister_crun {file}"],
        env={"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        check=True,
        stderr=subprocess.DEVNULL,
    )
    if after is None:
        assert file.read_text() == before
        assert not (tmp_path / "called").exists()
    else:
        assert file.read_text().strip() == json.dumps(after, indent=2).replace(
            "CRUN", f"{tmp_path}/crun"
        )
        assert (tmp_path / "called").read_text() == "systemctl try-reload-or-restart docker\n"


@pytest.fixture
def script(tmp_path: Path) -> Any:
    """scripts/engine, for which another looks at the engine, and which is or is not root."""

    def run(word: str, *, answers: bool, remark: str, uid: int = 1000) -> tuple[int, str]:
        for name, text in {
            "python3": f"echo '{remark}'; exit {int(not answers)}",
            "id": f"echo {uid}",
        }.items():
            file = tmp_path / name
            file.write_text(f"#!/bin/sh\n{text}\n")
            file.chmod(file.stat().st_mode | stat.S_IXUSR)
        env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "DOCKER_HOST": "unix:///s"}
        done = subprocess.run(
            [ROOT / "scripts/engine", word], env=env, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stderr

    return run


@pytest.mark.parametrize("word", ["look", "start"])
def test_the_script_ends_at_once_where_rights_are_missing(script: Any, word: str) -> None:
    why = "permission denied at /s: join the group docker"
    assert script(word, answers=False, remark=why) == (
        1,
        f"error: the Docker Engine can't be used: {why}\n",
    )


@pytest.mark.parametrize("word", ["look", "start"])
def test_the_script_says_why_none_answers_and_what_to_do(script: Any, word: str) -> None:
    status, said = script(word, answers=False, remark="there is no socket at /s: start the engine")
    assert status == 1
    assert said.startswith("error: no Docker Engine answers: there is no socket at /s")
    assert "as root on Debian or Ubuntu" in said


@pytest.mark.parametrize("word", ["look", "start"])
def test_the_script_goes_on_with_an_engine_that_answers(script: Any, word: str) -> None:
    assert script(word, answers=True, remark="") == (0, "")
    status, said = script(word, answers=True, remark="it is rootless")
    assert (status, said) == (0, "==> the engine at /s will not do: it is rootless\n")
