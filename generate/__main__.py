"""`python -m generate` writes the files that are out of date; with `--check` it only says which."""

from __future__ import annotations

import sys
from pathlib import Path

from generate.files import expected

ROOT = Path(__file__).resolve().parents[1]


def main(arguments: list[str]) -> int:
    """0: all of them are as they should be; with `--check` 1 where one is not."""
    is_check = arguments == ["--check"]
    stale = {
        path: text
        for path, text in expected(ROOT).items()
        if not path.exists() or path.read_text() != text
    }
    what = "out of date: `make generate` writes it" if is_check else "written"
    for path, text in stale.items():
        sys.stdout.write(f"{path.relative_to(ROOT)}: {what}\n")
        if not is_check:
            path.write_text(text)
    return 1 if stale and is_check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
