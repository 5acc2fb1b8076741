"""The docs hold together: links, anchors, the index, files and types that are named in the text."""

from __future__ import annotations

import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tests.checkout import ROOT

PATTERNS = ("*.md", "docs/**/*.md", "clients/*/README.md", "bench/README.md", "tests/README.md")
PAGES = sorted(
    path.relative_to(ROOT).as_posix() for pattern in PATTERNS for path in ROOT.glob(pattern)
)
HISTORY = ("CHANGELOG.md", "docs/adr/")
"""What was so when it was written: files that it names may have moved since."""
INDEX = "docs/index.md"
MADE = ("images/tcl/", "images/ID/", "clients/js/dist")
"""What the reader of a guide, or a build, makes."""

_FENCE = re.compile(r"^(`{3,}).*?^\1$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`[^`\n]*`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(
    r"`((?:orchestrator|images|tests|clients|scripts|docs|bench|production)/[\w./-]*)`"
)


@cache
def prose(page: str) -> str:
    """A page without its blocks of code."""
    return _FENCE.sub("", (ROOT / page).read_text())


@cache
def anchors(page: str) -> frozenset[str]:
    """What a forge makes of a page's headings."""
    seen: Counter[str] = Counter()
    found = set()
    for heading in re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w -]", "", text).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return frozenset(found)


def links(page: str) -> list[str]:
    """Where a page's links lead, but for those to elsewhere."""
    targets = _LINK.findall(_SPAN.sub("", prose(page)))
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def fault(page: str, target: str) -> str:
    """What is wrong with a link; empty where nothing is."""
    path, _, anchor = target.partition("#")
    file = ((ROOT / page).parent / path).resolve() if path else ROOT / page
    if not file.is_relative_to(ROOT) or not file.exists():
        return f"{target}: there is no such file"
    if anchor and file.suffix == ".md" and anchor not in anchors(str(file.relative_to(ROOT))):
        return f"{target}: there is no such heading"
    return ""


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    assert [found for target in links(page) if (found := fault(page, target))] == []


@pytest.mark.parametrize("page", [page for page in PAGES if not page.startswith(HISTORY)])
def test_every_file_that_is_named_is_there(page: str) -> None:
    named = {path for path in _PATH.findall(prose(page)) if not path.startswith(MADE)}
    assert sorted(path for path in named if not (ROOT / path).exists()) == []


def test_every_page_is_in_the_index() -> None:
    linked = {
        str(((ROOT / INDEX).parent / target).resolve().relative_to(ROOT))
        for target in links(INDEX)
        if not target.startswith("#")
    }
    assert sorted({*PAGES} - linked - {INDEX}) == []


def test_the_index_has_the_four_kinds_of_pages() -> None:
    assert {"tutorials", "how-to", "reference", "explanation", "decisions"} <= anchors(INDEX)


def test_every_type_of_the_glossary_is_in_the_code() -> None:
    text = (ROOT / "docs" / "reference" / "glossary.md").read_text()
    cells = [row.split("|")[3] for row in text.splitlines() if row.count("|") == 4]
    named = {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}
    code = "\n".join(path.read_text() for path in (ROOT / "orchestrator").rglob("*.py"))
    defined = {
        *re.findall(r"^class (\w+)", code, re.MULTILINE),
        *re.findall(r"^(\w+) = ", code, re.MULTILINE),
    }
    assert len(named) > 30
    assert sorted(named - defined) == []


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("README.md", ""),
        ("README.md#how-fast", ""),
        ("docs/howto/operate.md#the-runners-image", ""),
        ("README.md#nothing", "README.md#nothing: there is no such heading"),
        ("docs/nothing.md", "docs/nothing.md: there is no such file"),
        ("../elsewhere.md", "../elsewhere.md: there is no such file"),
    ],
)
def test_a_link_that_leads_nowhere_is_found(target: str, expected: str) -> None:
    assert fault("README.md", target) == expected


def test_headings_of_one_name_are_told_apart(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# The runner's `image`\n\n## See [this](x.md)\n\n## See this\n")
    assert anchors(str(page)) == {"the-runners-image", "see-this", "see-this-1"}
