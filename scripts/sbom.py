"""sbom.py VERSION: a CycloneDX document of the runner's image.

What is in it comes on stdin, a line each: `deb`, name, version and architecture, or `pypi`, name
and version, with tabs between them.
"""  # noqa: INP001 - no package, a script

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import quote


def component(kind: str, name: str, version: str, architecture: str = "") -> dict[str, str]:
    """A package as a component, by its package URL."""
    if kind == "deb":
        where, more = "deb/debian", f"?arch={architecture}&distro=bookworm"
    else:
        where, more, name = "pypi", "", name.lower().replace("_", "-")
    purl = f"pkg:{where}/{quote(name)}@{quote(version, safe='')}{more}"
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def document(version: str, packages: Iterable[Sequence[str]]) -> dict[str, Any]:
    """`packages`: the fields of each line; `version`: the runner's own."""
    components = [component(*fields) for fields in packages]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {
            "component": {"type": "container", "name": "codebae-runner", "version": version}
        },
        "components": sorted(components, key=lambda each: each["purl"]),
    }


if __name__ == "__main__":
    lines = [line.split("\t") for line in sys.stdin.read().splitlines()]
    json.dump(document(sys.argv[1], lines), sys.stdout, indent=1)
    sys.stdout.write("\n")
