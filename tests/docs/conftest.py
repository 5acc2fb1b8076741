"""A fresh clone, what runs in it, and the servers that the docs' commands speak to."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.admin_support import ADMIN_KEY, FakeReconciler, admin_app, make_image
from tests.checkout import ROOT, copy_checkout
from tests.docker.server import WITH_US
from tests.unit.test_builds import FakeRebuilder
from tests.unit.test_cli_remote import Thread

LANGUAGE = "python"
DEADLINE_S = 900
STOP_S = 60
_OWN = re.compile(r"(PYTHON|PYTEST|COV_|RUNNER_|VIRTUAL_ENV$|API_KEY$|ADMIN_KEY$|STATE_DIR$|MAKE)")


@dataclass(frozen=True)
class Here:
    """What stands in the docs, and what that is here; and the settings that go with it."""

    url: str = ""
    key: str = "KEY"
    env: Mapping[str, str] = field(default_factory=dict)

    def put_into(self, script: str) -> str:
        """A command as a reader would adapt it: the server's address, the key, a free port."""
        if self.url:
            script = re.sub(r"(http://)?localhost:3000|https://runner.example", self.url, script)
        sent = r"(Authorization: (?:Bearer )?|RUNNER_API_KEY=)KEY\b"
        return re.sub(sent, rf"\g<1>{self.key}", script)


@dataclass(frozen=True)
class Reader:
    """Somebody who types the docs' commands, in a clone of their own."""

    clone: Path
    env: Mapping[str, str]

    def types(self, script: str, folder: str = ".", **env: str) -> str:
        """What is printed; every command must succeed."""
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.clone / folder,
            env={**self.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            text=True,
            timeout=DEADLINE_S,
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}"
        return done.stdout

    @contextlib.contextmanager
    def starts(self, script: str, until: str, folder: str = ".", **env: str) -> Iterator[str]:
        """The URL that a server prints before or on the line that matches; then it is ended."""
        log = self.clone / "serving.log"
        with log.open("wb") as stream:
            process = subprocess.Popen(
                [*WITH_US, "bash", "-euo", "pipefail", "-c", script],
                cwd=self.clone / folder,
                env={**self.env, **env},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield _url_in(log, until, process)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(STOP_S)


def _url_in(log: Path, until: str, process: subprocess.Popen[bytes]) -> str:
    end = time.monotonic() + DEADLINE_S
    while not re.search(until, text := log.read_text("utf-8", "replace")):
        assert process.poll() is None, text
        assert time.monotonic() < end, text
        time.sleep(0.1)
    found = re.findall(r"https?://[\w.]+:[1-9]\d*", text)
    assert found, text
    return str(found[-1]).replace("0.0.0.0", "localhost")


def reader_in(clone: Path) -> Reader:
    """With Node.js on PATH, no setting of this process's, one language, and a port that is free."""
    own = {name: value for name, value in os.environ.items() if not _OWN.match(name)}
    subprocess.run([ROOT / "scripts" / "setup-node"], check=True)
    path = f"{ROOT / '.state' / 'node' / 'bin'}:{own['PATH']}"
    return Reader(clone, own | {"PATH": path, "LANGUAGES": LANGUAGE, "PORT": "0"})


@pytest.fixture
def fresh(tmp_path: Path) -> Reader:
    """In a clone in which nothing was done yet."""
    return reader_in(copy_checkout(tmp_path / "clone"))


@pytest.fixture(scope="session")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    """In a clone that several tests share, set up by `make images`."""
    made = reader_in(copy_checkout(tmp_path_factory.mktemp("docs") / "clone"))
    subprocess.run(["git", "init", "--quiet"], cwd=made.clone, check=True)
    made.types("make images")
    return made


@pytest.fixture(scope="session")
def server(reader: Reader) -> Iterator[Here]:
    """What `make run` starts there."""
    with reader.starts("make run", until=r"Ready on http") as url:
        (key,) = re.findall(r"^API_KEY=(.+)$", (reader.clone / ".env").read_text(), re.MULTILINE)
        yield Here(url, key)


@pytest.fixture
def admin_server(reader: Reader) -> Iterator[Here]:
    """A server whose images are none of an engine's: those of this machine stay as they are."""
    reconciler = FakeReconciler()
    now, before = make_image("1.2"), make_image("1.1")
    reconciler.images = {"cpp": type(reconciler.images["sh"])("cpp", now, before, is_enabled=True)}
    images_dir = reader.clone / "images"
    thread = Thread(lambda: admin_app(reconciler, FakeRebuilder(), images_dir=images_dir))
    yield Here(thread.url, env={"PORT": thread.url.rpartition(":")[2], "ADMIN_KEY": ADMIN_KEY})
    thread.stop()
