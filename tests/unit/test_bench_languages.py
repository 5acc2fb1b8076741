from __future__ import annotations

from dataclasses import replace

from bench.languages import Row, to_page
from orchestrator.languages.model import InstalledLanguage
from tests.api_support import make_language


def test_a_page_has_a_row_for_each_language() -> None:
    own = InstalledLanguage(make_language("c"), "12.2.0", "sha256:0", 266_900_000)
    variant = replace(make_language("c11"), image_owner="c")
    rows = [Row(own, 40.4, 260.6), Row(replace(own, language=variant), None, 261.0)]
    lines = to_page(rows, "a machine", 5).splitlines()
    assert lines[-2:] == [
        "| `c` | C | 12.2.0 | 267 | 40 | 261 |",
        "| `c11` | C11 | 12.2.0 | `c`'s |  | 261 |",
    ]
    assert any("the median of 5, " in line for line in lines)
    assert all(len(line) <= 100 for line in lines)
