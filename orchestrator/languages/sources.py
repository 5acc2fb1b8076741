"""Turns file names into commands, and code into a file name, by a language's rules. Pure."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Sequence

from orchestrator.languages.model import Language
from orchestrator.languages.schema import MATCH

_PLACEHOLDER = re.compile(r"\{(main|main_class|stack_mb)\}")
_MAX_STACK_MB = 1024  # the JVM takes no more
_MAX_NAME_BYTES = 255
BOM = "\ufeff"
# A backslash that is not itself escaped; the pairs of backslashes before it are kept.
_UNICODE_ESCAPE = re.compile(r"(?<!\\)((?:\\\\)*+)\\u++([0-9A-Fa-f]{4})")


def normalise_source(language: Language, content: bytes) -> bytes:
    """Remove a source's byte order mark, and convert its line ends if the language wants LF."""
    content = content.removeprefix(BOM.encode())
    if language.source.newlines == "lf":
        content = content.replace(b"\r\n", b"\n")
    return content


def main_file_name(language: Language, code: str) -> str:
    """Return the plain file name of a main file that was sent as `code` alone.

    Time is linear in `code` if the language's patterns are linear
    (docs/reference/language-toml.md says how).
    """
    rule = language.source
    if rule.name_from is None or rule.name_template is None:
        return rule.name
    visible = _UNICODE_ESCAPE.sub(_escaped, code) if rule.unicode_escapes else code
    # Replaced by a blank, so that the words on both sides do not join.
    visible = rule.ignore.sub(" ", visible) if rule.ignore else visible
    visible = _outside(visible, rule.blocks) if rule.blocks else visible
    match = rule.name_from.search(visible)
    if match is None or match[1] is None:
        return rule.name
    name = rule.name_template.replace(MATCH, match[1])
    return name if _is_plain(name) else rule.name


def _escaped(match: re.Match[str]) -> str:
    return match[1] + chr(int(match[2], 16))


def _outside(text: str, blocks: str) -> str:
    """Return the text outside all blocks; an unclosed block extends to the end."""
    start = blocks[0]
    outside, depth, at = [], 0, 0
    for match in re.finditer(f"[{re.escape(blocks)}]", text):
        if depth == 0:
            outside.append(text[at : match.start()])
        depth = depth + 1 if match[0] == start else max(depth - 1, 0)
        at = match.end()
    return " ".join(outside if depth else [*outside, text[at:]])


def _is_plain(name: str) -> bool:
    """Return whether every file system accepts it as the name of one file."""
    try:
        size = len(name.encode())
    except UnicodeEncodeError:  # a lone surrogate out of JSON
        return False
    return size <= _MAX_NAME_BYTES and not {"/", "\0"} & set(name) and name not in {".", ".."}


def compile_argv(
    language: Language, paths: Sequence[str], compile_args: Sequence[str], *, fast: bool = True
) -> tuple[str, ...]:
    """Return the argv of the compile stage; empty for an interpreted language.

    `paths`: all files of the submission relative to the working folder, the main one first.
    `fast`: whether to fill in the language's `fast` arguments.
    """
    rule = language.compile
    if rule is None:
        return ()
    sources = source_paths(language, paths)
    lists = {"sources": sources, "compile_args": compile_args, "fast": rule.fast if fast else ()}
    return expand(rule.command, paths[0], lists)


def run_argv(
    language: Language,
    paths: Sequence[str],
    args: Sequence[str],
    *,
    memory_mb: int,
    fast: bool = True,
) -> tuple[str, ...]:
    """Return the argv of a run stage. `memory_mb`: its limit; else see `compile_argv`."""
    rule = language.run
    sources = source_paths(language, paths)
    lists = {"sources": sources, "args": args, "fast": rule.fast if fast else ()}
    return expand(rule.command, paths[0], lists, stack_mb(memory_mb))


def stack_mb(memory_mb: int) -> int:
    """Return the stack size for a runtime that takes it as an option; leaves it a quarter."""
    return min(memory_mb * 3 // 4, _MAX_STACK_MB)


def source_paths(language: Language, paths: Sequence[str]) -> tuple[str, ...]:
    """Return the `paths` that are sources of the language, in order, safe as arguments."""
    return tuple(_safe(path) for path in paths if path.endswith(language.source.extensions))


def expand(
    command: Sequence[str], main: str, lists: dict[str, Sequence[str]], stack: int = 0
) -> tuple[str, ...]:
    """Fill in the placeholders of a command; inserted texts are not expanded again.

    A token `{name}` with `name` in `lists` becomes the items of that list; `{main}`,
    `{main_class}` and `{stack_mb}` are replaced anywhere in a token.
    """
    values = {
        "main": _safe(main),
        "main_class": _safe(main_class(main)),
        "stack_mb": str(stack),
    }
    argv: list[str] = []
    for token in command:
        items = lists.get(token[1:-1]) if token.startswith("{") and token.endswith("}") else None
        if items is not None:
            argv += items
        else:
            argv.append(_PLACEHOLDER.sub(lambda match: values[match[1]], token))
    return tuple(argv)


def main_class(main: str) -> str:
    """Return a path as the name of a Java class: `a/Main.java` is `a.Main`."""
    return posixpath.splitext(main)[0].replace("/", ".")


def _safe(value: str) -> str:
    """Keep a name from being taken for an option, or (gcc, javac, java) an `@file` of options."""
    return f"./{value}" if value.startswith(("-", "@")) else value
