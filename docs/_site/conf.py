"""The docs as a site (`make docs`). The pages are plain Markdown, as a forge shows them.

Everything that is beyond Markdown is here: the navigation, which follows docs/index.md, and the
diagrams, which Mermaid draws in the reader's browser, from a copy in the site (ADR 22).
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

ROOT = Path(__file__).parents[2]
MERMAID = ROOT / ".state" / "mermaid"

project = "codebae-runner"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = [
    "*.md",
    "docs/**.md",
    "clients/*/README.md",
    "bench/README.md",
    "tests/README.md",
]
exclude_patterns = [".*", "site", "dist", "**/node_modules", "**/.*"]

myst_heading_anchors = 4  # links to headings are the forge's own
myst_fence_as_directive = ["mermaid"]
suppress_warnings = [
    "misc.highlighting_failure"
]  # examples of JSON leave things out with an ellipsis
highlight_language = "sh"  # an indented block is a command

html_theme = "furo"
html_title = project
html_static_path = ["static", *([str(MERMAID)] if MERMAID.is_dir() else [])]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False

_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[([^\]]+)\]\(([^)#:\s]+)\.md\)")


class Mermaid(SphinxDirective):
    """A diagram, as the text that Mermaid reads."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """The text in an element that Mermaid looks for."""
        text = html.escape("\n".join(self.content))
        return [nodes.raw("", f'<pre class="mermaid">{text}</pre>', format="html")]


def add_navigation(_app: Sphinx, page: str, source: list[str]) -> None:
    """Give the index the navigation's lists: a section each, and the pages it names, in order."""
    if page != root_doc:
        return
    seen: set[str] = set()
    for title, text in _SECTION.findall(source[0]):
        links = {page: name.replace("`", "") for name, page in _LINK.findall(text)}
        lines = [f"{name} <{page}>" for page, name in links.items() if page not in seen]
        seen.update(links)
        if lines:
            source[0] += "\n\n" + "\n".join(
                ["```{toctree}", ":hidden:", f":caption: {title}", "", *lines, "```"]
            )


def add_mermaid(
    app: Sphinx, _page: str, _template: str, context: dict[str, Any], _doctree: object
) -> None:
    """Load Mermaid on the pages that have a diagram."""
    if 'class="mermaid"' in context.get("body", ""):
        app.add_js_file("mermaid.min.js")
        app.add_js_file("diagrams.js")


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls first."""
    app.add_directive("mermaid", Mermaid)
    app.connect("source-read", add_navigation)
    app.connect("html-page-context", add_mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
