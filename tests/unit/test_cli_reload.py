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


@pytest.fixture
def reloading(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
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
