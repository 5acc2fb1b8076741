"""The docs' site (`make docs`) in a real browser, opened as files: every diagram is drawn."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.checkout import ROOT

CHROMIUM = os.environ.get("CHROMIUM", "chromium")
SITE = ROOT / "site"
DIAGRAM = re.compile(r"^```mermaid$", re.MULTILINE)
WITH_DIAGRAMS = sorted(
    path.relative_to(ROOT).as_posix()
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if DIAGRAM.search(path.read_text())
)
pytestmark = [
    pytest.mark.thorough,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        shutil.which(CHROMIUM) is None and os.geteuid() != 0,
        reason="there is no Chromium, and it is not ours to install",
    ),
]


@pytest.fixture(scope="module")
def site() -> Path:
    """The site, made anew."""
    subprocess.run([ROOT / "scripts" / "docs"], check=True)
    return SITE


def shown(page: Path) -> str:
    """What the page is once its scripts have run."""
    done = subprocess.run(
        [
            *(CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--dump-dom"),
            *("--virtual-time-budget=30000", page.as_uri()),
        ],
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.stdout


@pytest.mark.parametrize("page", WITH_DIAGRAMS)
def test_every_diagram_is_drawn(site: Path, page: str) -> None:
    wanted = len(DIAGRAM.findall((ROOT / page).read_text()))
    dom = shown((site / page).with_suffix(".html"))
    kinds = re.findall(r'<svg[^>]* aria-roledescription="([\w-]+)"', dom)
    assert len(kinds) == wanted
    assert "error" not in kinds


def test_the_site_has_every_page_and_begins_at_the_index(site: Path) -> None:
    index = (site / "docs" / "index.html").read_text()
    pages = {path.relative_to(ROOT).with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    assert sorted(str(page) for page in pages if not (site / page).is_file()) == []
    assert "docs/index.html" in (site / "index.html").read_text()
    assert {"explanation/architecture.html", "../README.html"} <= {
        *re.findall(r'href="([^"#]+)"', index)
    }


def test_there_are_diagrams() -> None:
    assert {"README.md", "docs/explanation/architecture.md"} <= {*WITH_DIAGRAMS}
