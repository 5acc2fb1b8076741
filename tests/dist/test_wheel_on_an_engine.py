"""The installed wheel beside the images that the checkout has built."""

from __future__ import annotations

import re

import pytest

from tests.dist.conftest import Installed
from tests.sandbox_support import SOCKET

pytestmark = [pytest.mark.docker, pytest.mark.timeout(300)]


def test_its_folders_are_those_the_images_were_built_from(installed: Installed) -> None:
    env = {"DOCKER_HOST": SOCKET, "STATE_DIR": str(installed.folder / "state"), "COLUMNS": "200"}
    built = installed.run("codebae-runner", "languages", "build", "python", **env)
    assert re.search(r"python\b.*\b(up to date|unchanged)", built), built
    assert "python" in installed.run("codebae-runner", "languages", "list", **env)
