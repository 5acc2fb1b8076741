"""How pytest-xdist deals tests of the engine out among its processes (`--dist=loadscope`).

The tests of a file stay together, and with them its server; some files do, as they change what all
share; the tests of others are dealt out one by one, since any process's server will do.
"""

from __future__ import annotations

from pathlib import PurePath

import pytest
from xdist.scheduler import LoadScopeScheduling

# They make languages, which every server on the engine then serves; or count what is served.
IMAGES = [
    "test_add_a_language",
    "test_admin",
    "test_builds",
    "test_cli",
    "test_image_store",
    "test_languages_build",
    "test_piston_clients",
    "test_pool",
    "test_rebuild",
]
NODE = ("test_js_client", "test_nextjs")
TOGETHER = dict.fromkeys(IMAGES, "images") | dict.fromkeys(NODE, "node")
"""Files that go to one process, one after the other. The longest of these begin first."""

APART = frozenset(
    {
        "test_agent",
        "test_artefacts",
        "test_backend",
        "test_between_tests",
        "test_compile_server",
        "test_corpus",
        "test_limits",
        "test_older_contract",
        "test_piston",
        "test_problems",
        "test_samples",
    }
)
"""Files whose tests need no company: they use the server that each process has, or none."""


def unit_of(nodeid: str) -> str:
    """What goes to a process as a whole, of which the test is a part."""
    file = nodeid.partition("::")[0]
    name = PurePath(file).stem
    return nodeid if name in APART else TOGETHER.get(name, file)


def rank(nodeid: str) -> int:
    """The order to begin in: the last to begin is the last to end, and should be short."""
    unit = unit_of(nodeid)
    return 2 if unit == nodeid else 1 if unit == nodeid.partition("::")[0] else 0


class Schedule(LoadScopeScheduling):  # type: ignore[misc, no-any-unimported]
    """Deals out units."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """After the shuffling."""
    items.sort(key=lambda item: rank(item.nodeid))
