"""An engine of our own: its files, its configuration, its cgroup, and the duties of PID 1."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.embedded import cgroups, engine, v1_cgroups
from orchestrator.embedded.cgroups import LEAF, prepare_cgroups
from orchestrator.embedded.engine import embedded_engine, relay_log
from orchestrator.embedded.layout import EngineLayout, engine_config, layout_of, machine_config
from orchestrator.embedded.leftovers import drop_leftovers, is_running
from orchestrator.embedded.prepare import layout_at, prepare
from orchestrator.embedded.reaper import reap
from orchestrator.errors import ConfigurationError, EngineError
from tests.api_support import make_settings
from tests.fake_engine import FakeEngine
from tests.unit.test_machine import cgroup

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def layout() -> Iterator[EngineLayout]:
    """In a short folder: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="engine-") as folder:
        made = EngineLayout(Path(folder) / "docker.sock", Path(folder) / "data")
        made.containerd.mkdir(parents=True)
        yield made


def test_the_engine_listens_at_one_unix_socket_and_has_no_network(layout: EngineLayout) -> None:
    config = engine_config(layout, cgroup_parent="/docker/abc", crun="/usr/bin/crun")
    assert config["hosts"] == [f"unix://{layout.socket}"]
    assert (config["bridge"], config["iptables"]) == ("none", False)
    assert config["cgroup-parent"] == "/docker/abc"
    assert config["runtimes"] == {"crun": {"path": "/usr/bin/crun"}}
    assert "tcp" not in json.dumps(config)
    assert not {"cgroup-parent", "runtimes"} & set(engine_config(layout))


def test_the_layout_follows_the_settings() -> None:
    settings = make_settings(docker_host="unix:///run/x/d.sock", engine_data_root=Path("/data/e"))
    made = layout_of(settings)
    assert (made.socket, made.data_root) == (Path("/run/x/d.sock"), Path("/data/e"))
    assert {made.pid_file.parent, made.exec_root.parent} == {Path("/run/x")}


def test_the_machine_s_own_configuration_stays_with_what_we_need_beside_it(
    layout: EngineLayout,
) -> None:
    machine = {"hosts": ["tcp://x"], "debug": True, "iptables": True, "runtimes": {"r": {}}}
    config = machine_config(machine, layout, data_root="/data", crun="/usr/bin/crun")
    assert config == {
        "debug": True,
        "bridge": "none",
        "iptables": True,
        "runtimes": {"r": {}, "crun": {"path": "/usr/bin/crun"}},
        "exec-root": str(layout.exec_root),
        "pidfile": str(layout.pid_file),
        "data-root": "/data",
    }
    own = {"runtimes": {"crun": {"path": "/own"}}}
    assert machine_config(own, layout, crun="/usr/bin/crun")["runtimes"] == own["runtimes"]
    assert not {"runtimes", "data-root"} & set(machine_config({}, layout))


@pytest.mark.parametrize("usual", ["/var/run/docker.sock", "/run/docker.sock"])
def test_at_a_usual_socket_the_engine_s_files_are_where_dockerd_has_them(usual: str) -> None:
    made = layout_at(Path(usual), "")
    assert (str(made.exec_root), str(made.pid_file)) == ("/var/run/docker", "/var/run/docker.pid")
    beside = layout_at(Path("/x/d.sock"), "")
    assert [str(each) for each in (beside.data_root, beside.exec_root, beside.pid_file)] == [
        *("/x/d.data", "/x/d.exec", "/x/d.pid")
    ]
    assert layout_at(Path("/x/d.sock"), "/data").data_root == Path("/data")


def test_what_an_engine_trips_over_goes_and_how_it_is_to_run_is_written_down(
    layout: EngineLayout, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = layout.socket.parent
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(layout.socket))
    layout.pid_file.write_text("999999999")
    (folder / "machine.json").write_text('{"debug": true}')
    for name in ("cpu,cpuacct", "memory"):
        cgroup(folder / "cgroup" / name, ours=True)
    file = folder / "daemon.json"
    for _ in range(2):  # once more, as after a restart
        prepare(
            layout.socket,
            "",
            file,
            cgroups=folder / "cgroup",
            machine=folder / "machine.json",
            system_containerd=folder / "none",
        )
    assert capsys.readouterr().err.splitlines() == [
        f"==> removing the stale {layout.pid_file}",
        f"==> removing the dead {layout.socket}",
    ]
    config = json.loads(file.read_text())
    assert (config["debug"], config["bridge"]) == (True, "none")
    assert (config["pidfile"], config["data-root"]) == (
        *(str(layout.pid_file), str(folder / "docker.data")),
    )
    assert (folder / "cgroup" / "cpu").readlink() == Path("cpu,cpuacct")


def lines_of_the_script(first: str, after: str) -> str:
    text = (ROOT / "scripts/engine").read_text()
    return text[text.index(first) : text.index(after)]


def test_the_script_prepares_an_engine_before_it_starts_it(layout: EngineLayout) -> None:
    """Its own lines, with something else for python3 and dockerd: this machine stays as it is."""
    folder = layout.socket.parent
    for name in ("dockerd", "python3"):
        words = '${0##*/} "$@"'
        (folder / name).write_text(f"#!/bin/sh\nprintf '%s\\n' {words} >>{folder}/called\n")
        (folder / name).chmod(0o755)
    lines = lines_of_the_script("process_is() {", "our_pid() {")
    lines += lines_of_the_script("prepare() {", "launch() {")
    subprocess.run(
        ["bash", "-euo", "pipefail", "-c", f"{lines}\nlaunch_dockerd\nwait"],
        env={
            "PATH": f"{folder}:{os.environ['PATH']}",
            "ROOT": str(ROOT),
            "STATE": str(folder),
            "SOCKET": str(layout.socket),
            "LOG": f"{folder}/log",
            "STARTED": f"{folder}/started",
        },
        check=True,
    )
    file = f"{folder}/daemon.json"
    called = (folder / "called").read_text().splitlines()
    dockerd = called.index("dockerd")
    assert called[:4] == ["python3", "-I", "-B", "-c"]
    assert called[dockerd - 4 : dockerd] == [str(ROOT), str(layout.socket), "", file]
    assert called[dockerd + 1 :] == ["--config-file", file, "--host", f"unix://{layout.socket}"]
    assert re.fullmatch(r"\d+ \d+\n", (folder / "started").read_text())


def test_what_the_script_runs_needs_the_standard_library_alone() -> None:
    code = lines_of_the_script("'import runpy", '\\\n        "$ROOT"').strip().strip("'")
    code = code.replace("__main__", "imported")  # so that nothing is prepared
    assert "runpy" in code
    command = [sys.executable, "-I", "-S", "-B", "-c", code, str(ROOT)]
    subprocess.run(command, check=True)


@pytest.mark.parametrize("text", ["999999999", "1", "", "no pid", "\ufffd"])
def test_a_pid_file_without_its_program_goes(layout: EngineLayout, text: str) -> None:
    pid_files = (layout.pid_file, layout.containerd / "containerd.pid")
    for path in pid_files:
        path.write_text(text)
    drop_leftovers(layout, layout.exec_root / "none")
    assert not any(path.exists() for path in pid_files)


def test_a_pid_file_of_a_running_program_stays(layout: EngineLayout, tmp_path: Path) -> None:
    program = tmp_path / "dockerd"
    program.symlink_to("/bin/sleep")
    with subprocess.Popen([program, "60"]) as process:
        try:
            while not is_running(process.pid, "dockerd"):
                time.sleep(0.01)
            layout.pid_file.write_text(f"{process.pid}\n")
            drop_leftovers(layout, layout.exec_root / "none")
            assert layout.pid_file.exists()
            process.send_signal(signal.SIGKILL)
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # a zombie by now
            drop_leftovers(layout, layout.exec_root / "none")
            assert not layout.pid_file.exists()
        finally:
            process.kill()


def test_a_socket_goes_only_when_nobody_listens(layout: EngineLayout) -> None:
    system = layout.socket.parent / "system"
    system.mkdir()
    dead = [layout.socket, layout.containerd / "containerd.sock", system / "containerd.sock.ttrpc"]
    for path in dead:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(str(path))
    (layout.containerd / "file.sock").write_text("no socket")
    with socket.socket(socket.AF_UNIX) as living:
        living.bind(str(layout.containerd / "living.sock"))
        living.listen()
        drop_leftovers(layout, system)
    assert not any(path.exists() for path in dead)
    assert (layout.containerd / "living.sock").exists()
    assert (layout.containerd / "file.sock").exists()


def test_v1_containers_go_below_our_own_cgroup(tmp_path: Path) -> None:
    cgroup(tmp_path / "memory")
    cgroup(tmp_path / "memory" / "docker" / "abc", ours=True)
    assert prepare_cgroups(tmp_path) == "/docker/abc"


def test_v1_at_the_root_the_engine_s_own_default_will_do(tmp_path: Path) -> None:
    cgroup(tmp_path / "memory", ours=True)
    assert prepare_cgroups(tmp_path) == ""
    assert prepare_cgroups(tmp_path / "without cgroups") == ""


@pytest.mark.parametrize("mounts", [True, False])
def test_a_hybrid_s_controllers_are_freed_as_far_as_it_goes(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    mounts: bool,  # noqa: FBT001 - a column
) -> None:
    mounted = []

    def mount(controller: str, folder: Path) -> bool:
        mounted.append((controller, folder))
        return mounts

    monkeypatch.setattr(v1_cgroups, "mount_v1", mount)
    (tmp_path / "unified").mkdir()
    (tmp_path / "unified" / "cgroup.controllers").write_text("hugetlb\n")
    prepare_cgroups(tmp_path)
    assert mounted == [("hugetlb", tmp_path / "hugetlb")]
    assert (tmp_path / "hugetlb").exists() is mounts


def test_v1_controllers_that_were_mounted_together_are_found_by_their_own_names(
    tmp_path: Path,
) -> None:
    for name in ("cpu,cpuacct", "net_cls,net_prio", "memory"):
        cgroup(tmp_path / name, ours=True)
    (tmp_path / "cpuacct").mkdir()  # of somebody's: it stays
    assert prepare_cgroups(tmp_path) == ""
    links = {each.name: each.readlink() for each in tmp_path.iterdir() if each.is_symlink()}
    together = Path("net_cls,net_prio")
    assert links == {"cpu": Path("cpu,cpuacct"), "net_cls": together, "net_prio": together}
    assert prepare_cgroups(tmp_path) == ""  # once more, as after a restart


@pytest.fixture
def mounted(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, Path]]:
    """What was to be mounted where; it is only written down, and allowed."""
    found: list[tuple[Path, Path]] = []
    monkeypatch.setattr(cgroups, "bind_mount", lambda *pair: found.append(pair) or True)
    return found


def named(folder: Path, path: str) -> Path:
    """/proc/self/cgroup of a process that is at `path`, and in a hybrid's v1 at the root."""
    file = folder.parent / f"{folder.name}.self"
    file.write_text(f"4:memory:/\n0::{path}\n")
    return file


def v2(root: Path) -> Path:
    cgroup(root)
    (root / "cgroup.controllers").write_text("cpu memory pids\n")
    return root


@pytest.mark.parametrize("path", ["docker/abc", ""])
def test_v2_our_processes_make_room_for_the_engine_s(
    tmp_path: Path, mounted: list[tuple[Path, Path]], path: str
) -> None:
    v2(tmp_path)
    own = cgroup(tmp_path / path, ours=True, cgroup__type="domain")
    (own / "cgroup.controllers").write_text("cpu memory\n")
    assert prepare_cgroups(tmp_path, named(tmp_path, f"/{path}")) == (f"/{path}" if path else "")
    assert (own / LEAF / "cgroup.procs").read_text() == str(os.getpid())  # the last one written
    assert (own / "cgroup.subtree_control").read_text() == "+cpu +memory"
    assert mounted == []  # what is named is what is seen


@pytest.mark.parametrize("is_second", [False, True])
def test_v2_our_cgroup_becomes_the_root_where_that_is_what_it_is_called(
    tmp_path: Path,
    mounted: list[tuple[Path, Path]],
    is_second: bool,  # noqa: FBT001 - a column
) -> None:
    """A private cgroup namespace and the host's tree: as compose gives it to us."""
    v2(tmp_path)
    own = cgroup(tmp_path / "docker" / "abc", ours=not is_second, cgroup__type="domain")
    (own / "cgroup.controllers").write_text("memory\n")
    if is_second:  # after a server before us, in the same container
        cgroup(own / LEAF, ours=True, cgroup__type="domain")
    file = named(tmp_path, f"/{LEAF}" if is_second else "/")
    assert prepare_cgroups(tmp_path, file) == ""
    assert mounted == [(own, tmp_path)]
    assert (own / "cgroup.subtree_control").read_text() == "+memory"
    assert not (own / LEAF / LEAF).exists()


def test_v2_where_it_can_not_be_made_the_root_it_is_said_and_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(cgroups, "bind_mount", lambda *_: False)
    cgroup(v2(tmp_path) / "docker" / "abc", ours=True, cgroup__type="domain")
    assert prepare_cgroups(tmp_path, named(tmp_path, "/")) == "/docker/abc"
    assert "cgroup_not_at_the_root" in capsys.readouterr().out


def test_v2_a_server_after_another_uses_the_same_cgroup(
    tmp_path: Path, mounted: list[tuple[Path, Path]]
) -> None:
    v2(tmp_path)
    own = cgroup(tmp_path / "docker" / "abc", cgroup__type="domain")
    cgroup(own / LEAF, ours=True, cgroup__type="domain")
    assert prepare_cgroups(tmp_path, named(tmp_path, f"/docker/abc/{LEAF}")) == "/docker/abc"
    assert not (own / LEAF / LEAF).exists()
    assert mounted == []


def test_v2_in_the_machine_s_root_we_alone_move_and_it_shares_out_all_the_same(
    tmp_path: Path, mounted: list[tuple[Path, Path]]
) -> None:
    """The root has no limit on swap for an engine to see, and no `cgroup.type`."""
    root = cgroup(v2(tmp_path), ours=True)
    written = root / LEAF / "cgroup.procs"
    assert prepare_cgroups(root, named(root, "/")) == ""
    assert written.read_text() == str(os.getpid())
    assert (root / "cgroup.procs").read_text().split()[0] == "1"  # the kernel lets it have both
    assert (root / "cgroup.subtree_control").read_text() == "+cpu +memory +pids"
    assert mounted == []


def test_v2_a_tree_that_does_not_show_us_is_left_alone(
    tmp_path: Path, mounted: list[tuple[Path, Path]]
) -> None:
    cgroup(v2(tmp_path) / "docker", cgroup__type="domain")
    assert prepare_cgroups(tmp_path, named(tmp_path, "/")) == ""
    assert not (tmp_path / LEAF).exists()
    assert mounted == []


def test_v2_a_cgroup_that_can_t_be_written_is_logged_and_left_alone(tmp_path: Path) -> None:
    v2(tmp_path)
    own = cgroup(tmp_path / "docker" / "abc", ours=True, cgroup__type="domain")
    (own / LEAF).write_text("in the way")
    assert prepare_cgroups(tmp_path, named(tmp_path, "/docker/abc")) == "/docker/abc"


@pytest.mark.parametrize("text", [None, "", "1:cpu:/x\n"])
def test_v2_where_we_are_not_named_the_root_is_meant(
    tmp_path: Path, mounted: list[tuple[Path, Path]], text: str | None
) -> None:
    own = cgroup(v2(tmp_path) / "docker", ours=True, cgroup__type="domain")
    file = tmp_path.parent / "unsaid"
    if text is not None:
        file.write_text(text)
    assert prepare_cgroups(tmp_path, file) == ""
    assert mounted == [(own, tmp_path)]


def test_orphans_are_reaped_and_our_own_children_are_not() -> None:
    orphans = [subprocess.Popen(["true"]) for _ in range(3)]
    with subprocess.Popen(["sleep", "60"]) as ours:
        for each in orphans:
            os.waitid(os.P_PID, each.pid, os.WEXITED | os.WNOWAIT)
        assert reap({ours.pid}) == 3
        assert reap({ours.pid}) == 0
        ours.kill()
        os.waitid(os.P_PID, ours.pid, os.WEXITED | os.WNOWAIT)
        assert reap({ours.pid}) == 0
        assert ours.wait() == -signal.SIGKILL
    for each in orphans:
        each.wait()  # gone already; says so to itself alone


async def test_an_engine_that_is_somebody_else_s_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STOP_S", 0)
    async with FakeEngine(tmp_path / "d.sock").serve() as other:
        with pytest.raises(ConfigurationError, match="there is an engine already"):
            async with embedded_engine(make_settings(docker_host=other.url)):
                pass


@pytest.fixture
def dockerd(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What stands for it on the path, for a test to write."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setattr(engine, "SBIN", "")
    monkeypatch.setattr(engine, "prepare_cgroups", lambda: "")
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder / "dockerd"


def write_program(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


async def test_an_engine_that_does_not_start_is_an_error_that_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dockerd: Path
) -> None:
    settings = make_settings(docker_host=f"unix://{tmp_path}/d.sock", engine_data_root=tmp_path)
    write_program(dockerd, "exit 3")
    with pytest.raises(EngineError, match="ended while starting, with 3"):
        async with embedded_engine(settings):
            pass
    monkeypatch.setattr(engine, "READY_S", 0.2)
    monkeypatch.setattr(engine, "STOP_S", 0.2)
    write_program(dockerd, "trap '' TERM; echo out of order >&2; while :; do sleep 0.1; done")
    with pytest.raises(EngineError, match="does not answer after"):
        async with embedded_engine(settings):
            pass
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(ConfigurationError, match="no dockerd"):
        async with embedded_engine(settings):
            pass


async def test_the_engine_does_not_get_our_keys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dockerd: Path
) -> None:
    monkeypatch.setenv("API_KEY", "very-secret")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    write_program(dockerd, f"env >{tmp_path}/seen; exit 1")
    with pytest.raises(EngineError):
        async with embedded_engine(
            make_settings(docker_host=f"unix://{tmp_path}/d.sock", engine_data_root=tmp_path)
        ):
            pass
    seen = (tmp_path / "seen").read_text()
    assert "HTTPS_PROXY=http://proxy" in seen
    assert "very-secret" not in seen


async def test_a_folder_that_can_t_be_written_is_a_setting_s_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    settings = make_settings(
        docker_host=f"unix://{tmp_path}/d.sock", engine_data_root=tmp_path / "file" / "data"
    )
    with pytest.raises(ConfigurationError, match="setting ENGINE: embedded"):
        async with embedded_engine(settings):
            pass


async def test_of_the_engine_s_log_only_complaints_are_passed_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    stream = asyncio.StreamReader(limit=100)
    stream.feed_data(b"level=info msg=nothing\n" + b"x" * 500 + b"\nlevel=error msg=trouble\n\n")
    stream.feed_eof()
    await relay_log(stream)
    said = capsys.readouterr().out
    assert "trouble" in said
    assert "nothing" not in said
