"""The installed wheel beside the images that the checkout has built."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.dist.conftest import CLEAN, Installed
from tests.sandbox_support import SOCKET

pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.timeout(300),
]

KEY = "a-key-of-the-wheel-s-own"


def settings(installed: Installed) -> dict[str, str]:
    own = {"DOCKER_HOST": SOCKET, "STATE_DIR": str(installed.folder / "state"), "COLUMNS": "200"}
    return own | {"LANGUAGES": "python", "PORT": "0", "API_KEY": KEY}


@contextmanager
def serving(installed: Installed) -> Iterator[str]:
    """The URL of its server, which must end well."""
    with subprocess.Popen(
        ["codebae-runner", "serve"],
        executable=installed.venv / "bin" / "codebae-runner",
        cwd=installed.folder,
        env=CLEAN | settings(installed),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            ready = (re.search(r"Ready on (http://\S+)", line) for line in process.stdout)
            yield next(found[1] for found in ready if found)
        finally:
            process.send_signal(signal.SIGTERM)
            status = process.wait(60)
    assert status == 0


def test_the_wheel_s_folders_are_those_the_images_were_built_from(installed: Installed) -> None:
    built = installed.run("codebae-runner", "languages", "build", "python", **settings(installed))
    assert re.search(r"python\b.*\b(up to date|unchanged)", built), built
    listed = installed.run("codebae-runner", "languages", "list", **settings(installed))
    assert "python" in listed


def test_the_installed_wheel_runs_a_program(installed: Installed) -> None:
    body = json.dumps({"language": "python", "code": "print(6 * 7)"}).encode()
    headers = {"Authorization": f"Bearer {KEY}", "Content-Type": "application/json"}
    with serving(installed) as url:
        request = urllib.request.Request(f"{url}/execute", body, headers)  # noqa: S310 - ours
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - ours
            assert json.load(answer)["output"] == "42\n"
