"""`serve --reload`: the server is another one after each change, and stops as it would alone."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestrator.cli import reload
from orchestrator.cli.file_systems import tell_of_changes
from orchestrator.cli.reload import snapshot

ROOT = Path(__file__).resolve().parents[2]
# Stands for the server: notes its pid, and how it ended.
SERVER = """\
import os, signal, sys, time
def end(*_):
    print("end", os.getpid(), flush=True)
    sys.exit(7)
signal.signal(signal.SIGTERM, end)
print("start", os.getpid(), *sys.argv[1:], flush=True)
while True: time.sleep(0.05)
"""


@pytest.fixture(params=["told", "looked at"])
def reloading(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[str]]:
    source = tmp_path / "source"
    source.mkdir()
    package = tmp_path / "orchestrator"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(SERVER)
    driver = tmp_path / "driver.py"
    driver.write_text(
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from pathlib import Path\n"
        "from orchestrator.cli import reload\n"
        "reload.LOOK_S = 0.05\n"
        f"reload.tell_of_changes = lambda _: {request.param == 'told'}\n"
        f"sys.exit(reload.serve_and_reload([Path({str(source)!r})], ['--dev']))\n"
    )
    with subprocess.Popen(
        [sys.executable, driver], cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def said(process: subprocess.Popen[str]) -> list[str]:
    assert process.stdout is not None
    return process.stdout.readline().split()


def test_a_change_starts_another_server_and_a_signal_stops_it(
    reloading: subprocess.Popen[str], tmp_path: Path
) -> None:
    word, first, *arguments = said(reloading)
    assert (word, arguments) == ("start", ["serve", "--dev"])
    (tmp_path / "source" / "new.py").write_text("x = 1\n")
    assert said(reloading) == ["end", first]
    word, second, *_ = said(reloading)
    assert word == "start"
    assert second != first
    reloading.send_signal(signal.SIGTERM)
    assert said(reloading) == ["end", second]
    assert reloading.wait(10) == 7


def test_a_server_that_has_ended_is_started_with_the_next_change(
    reloading: subprocess.Popen[str], tmp_path: Path
) -> None:
    _, first, *_ = said(reloading)
    os.kill(int(first), signal.SIGKILL)
    time.sleep(0.3)
    (tmp_path / "source" / "new.py").write_text("x = 1\n")
    word, second, *_ = said(reloading)
    assert word == "start"
    os.kill(int(second), signal.SIGKILL)
    time.sleep(0.3)
    reloading.send_signal(signal.SIGINT)
    assert reloading.wait(10) % 256 == 256 - signal.SIGKILL


def test_a_snapshot_sees_changes_and_no_caches(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "x.py").write_text("1")
    (tmp_path / "a" / "__pycache__").mkdir()
    before = snapshot([tmp_path])
    assert list(before) == [str(tmp_path / "a" / "x.py")]
    (tmp_path / "a" / "__pycache__" / "x.pyc").write_text("cache")
    (tmp_path / "a" / "gone").symlink_to(tmp_path / "nowhere")
    assert snapshot([tmp_path]) == before
    os.utime(tmp_path / "a" / "x.py", ns=(1, 1))
    assert snapshot([tmp_path]) != before


@pytest.mark.parametrize("is_told", [True, False])
def test_two_changes_in_one_second_are_two_and_a_cache_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_told: bool
) -> None:
    monkeypatch.setattr(reload, "LOOK_S", 0.05)
    monkeypatch.setattr(reload, "tell_of_changes", lambda _: is_told)
    looks = reload.looks([tmp_path])
    assert not next(looks)
    time.sleep(1.01 - time.time() % 1)  # a second begins
    for text in ("1", "2"):
        (tmp_path / "x.py").write_text(text)
        assert any(next(looks) for _ in range(100)), text
        while next(looks):
            pass
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "x.pyc").write_text("cache")
    assert not any(next(looks) for _ in range(5))


def test_without_watches_of_the_kernel_files_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def none_left(*_: object, **__: object) -> None:
        raise OSError(28, "OS file watch limit reached")

    monkeypatch.setattr(reload, "LOOK_S", 0.01)
    monkeypatch.setattr(reload, "watch", none_left)
    monkeypatch.setattr(reload, "tell_of_changes", lambda _: True)
    looks = reload.looks([tmp_path])
    assert not next(looks)
    (tmp_path / "x.py").write_text("1")
    assert next(looks)
    assert "watch limit reached" in capsys.readouterr().err


MOUNTS = """\
22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
23 22 0:5 / /proc rw - proc proc rw
40 22 0:44 / /app rw - virtiofs shared rw
41 22 0:45 / /with\\040space rw - fuse.grpcfuse shared rw
42 40 0:46 / /app/own rw master:2 - tmpfs tmpfs rw
43 22 8:2 / /twice rw - ext4 /dev/sdb rw
44 22 0:47 / /twice rw - 9p shared rw
"""


@pytest.mark.parametrize(
    ("folder", "told"),
    [
        ("/", True),
        ("/srv/app", True),
        ("/app", False),
        ("/app/orchestrator", False),
        ("/app/own/images", True),
        ("/application", True),
        ("/with space/x", False),
        ("/twice", False),
    ],
)
def test_changes_are_told_of_on_this_machine_s_own_file_systems(
    tmp_path: Path, folder: str, *, told: bool
) -> None:
    mounts = tmp_path / "mountinfo"
    mounts.write_text(MOUNTS)
    assert tell_of_changes([Path(folder)], mounts) is told
    assert tell_of_changes([Path("/srv"), Path(folder)], mounts) is told


def test_where_there_is_no_proc_changes_are_told_of(tmp_path: Path) -> None:
    assert tell_of_changes([tmp_path], tmp_path / "nowhere")
