"""scripts/sbom.py: what is in the runner's image, as CycloneDX."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.checkout import ROOT

LINES = """\
deb\tlibstdc++6\t12.2.0-14+deb12u1\tamd64
pypi\tTyping_Extensions\t4.15.0
deb\tadduser\t3.134\tall
"""


def test_every_line_is_a_component_by_its_package_url() -> None:
    done = subprocess.run(
        [sys.executable, "-I", ROOT / "scripts" / "sbom.py", "1.2.3"],
        input=LINES,
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    made = json.loads(done.stdout)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.5")
    assert made["metadata"]["component"]["version"] == "1.2.3"
    assert [each["purl"] for each in made["components"]] == [
        "pkg:deb/debian/adduser@3.134?arch=all&distro=bookworm",
        "pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1?arch=amd64&distro=bookworm",
        "pkg:pypi/typing-extensions@4.15.0",
    ]
