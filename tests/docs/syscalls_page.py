"""`docs/reference/syscalls.md`, made from the table: `python -m tests.docs.syscalls_page`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from orchestrator.sandbox.syscalls import SyscallTable, Value, syscall_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "syscalls.md"

_HEAD = """\
# System calls

What becomes of each system call in a sandbox, and the answer to one question: *what memory, list or
pool does this touch that the sandbox's own cgroup does not own?* Made from
`orchestrator/sandbox/syscalls.toml`, as the seccomp profile is; tests hold all three together, and
fail on a call that is in none of the tables and on a multiplexer that is allowed whole. Why so:
[ADR 14](../adr/0014-calls-are-allowed-by-argument.md).

One filter holds for all of a sandbox, agent and compiler included; there is no second one for runs,
since no toolchain here needs more to compile than its programs need to run.
"""


def page(table: SyscallTable) -> str:
    """The page."""
    return "\n".join([*_parts(table), ""])


def _parts(table: SyscallTable) -> Iterator[str]:
    yield _HEAD
    yield "## Allowed, whatever the arguments\n"
    yield from _rows(
        ("calls", "what for", "what it touches that the cgroup does not own"),
        [(_names(each.names), each.reason, each.touches) for each in table.plain],
    )
    yield "\n## Allowed by argument\n"
    for entry in table.by_argument:
        where = f", {entry.where.name}" if entry.where else ""
        yield f"### {_names(entry.names)}{where}\n\n{entry.reason} {entry.touches}\n"
        kind = "allowed" if entry.values else "allowed bits" if entry.bits else "refused bits"
        yield from _values(kind, entry.values or entry.bits or entry.refused_bits)
        yield ""
    yield "## Not done, and answered otherwise\n"
    yield from _rows(
        ("calls", "where", "answer", "why"),
        [
            (
                _names(each.names),
                ", ".join(value.name for value in each.values) or "always",
                {0: "done", 38: "ENOSYS"}[each.errno],
                each.reason,
            )
            for each in table.answered
        ],
    )
    yield "\n## Refused (EPERM), as all that is not in this file\n"
    yield from _rows(
        ("calls", "why"), [(_names(each.names), each.reason) for each in table.refused]
    )


def _values(kind: str, values: Sequence[Value]) -> Iterator[str]:
    yield from _rows(
        (kind, "number", "what for"),
        [
            (
                f"`{value.name}`{f' ({value.arch})' if value.arch else ''}",
                f"{value.value:#x}",
                value.reason,
            )
            for value in values
        ],
    )


def _rows(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for row in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(row)} |"


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


if __name__ == "__main__":
    PAGE.write_text(page(syscall_table()), "utf-8")
