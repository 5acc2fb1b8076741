"""The installed languages as Piston's runtimes: its names for ours, and a version range's match."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestrator.api.piston.semver import Version, satisfies, to_version
from orchestrator.languages.model import InstalledLanguage

_NAMES: Mapping[str, tuple[str, ...]] = {
    "bash": ("bash", "sh"),
    "c": ("c", "gcc"),
    "clojure": ("clojure", "clj"),
    "cobol": ("cobol", "cob"),
    "cpp": ("c++", "cpp", "g++"),
    "crystal": ("crystal", "cr"),
    "csharp": ("csharp", "mono", "mono-csharp", "mono-c#", "mono-cs", "c#", "cs"),
    "d": ("d", "gdc"),
    "elixir": ("elixir", "exs"),
    "erlang": ("erlang", "erl", "escript"),
    "fortran": ("fortran", "f90"),
    "gawk": ("awk", "gawk"),
    "go": ("go", "golang"),
    "groovy": ("groovy", "gvy"),
    "haskell": ("haskell", "hs"),
    "javascript": ("javascript", "node-javascript", "node-js", "js"),
    "julia": ("julia", "jl"),
    "kotlin": ("kotlin", "kt"),
    "lisp": ("lisp", "cl", "sbcl", "commonlisp"),
    "nasm": ("nasm64", "asm64"),
    "ocaml": ("ocaml", "ml"),
    "octave": ("octave", "matlab", "m"),
    "pascal": ("pascal", "freepascal", "pp", "pas"),
    "perl": ("perl", "pl"),
    "prolog": ("prolog", "plg"),
    "python": ("python", "py", "py3", "python3"),
    "r": ("rscript", "r"),
    "racket": ("racket", "rkt"),
    "ruby": ("ruby", "ruby3", "rb"),
    "rust": ("rust", "rs"),
    "scala": ("scala", "sc"),
    "typescript": ("typescript", "ts", "node-ts", "tsc", "typescript5", "ts5"),
}
"""By a language's id: what Piston calls it, then its aliases there. Others keep their names."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """A language as Piston lists one; `version` is always three numbers."""

    language: str
    version: str
    aliases: tuple[str, ...]
    installed: InstalledLanguage

    @property
    def number(self) -> Version:
        """The version, to be compared."""
        return to_version(self.version)


def list_runtimes(installed: Iterable[InstalledLanguage]) -> list[Runtime]:
    """Every installed language, in its order.

    A name of Piston's that another of the languages has itself is that one's.
    """
    known = tuple(installed)
    languages = [each.language for each in known]
    owners = {name: each.id for each in languages for name in (each.id, *each.aliases)}
    runtimes = []
    for each in known:
        own, ours = each.language, (each.language.id, *each.language.aliases)
        wanted = (*_NAMES.get(own.id, ()), *ours)
        names = [name for name in _distinct(wanted) if owners.get(name, own.id) == own.id]
        version = ".".join(map(str, to_version(each.version)))
        runtimes.append(Runtime(names[0], version, tuple(names[1:]), each))
    return runtimes


def find_runtime(runtimes: Iterable[Runtime], language: str, version: str) -> Runtime | None:
    """The newest of that name or alias that the range `version` has; None: there is none."""
    matches = [
        each
        for each in runtimes
        if language in (each.language, *each.aliases) and satisfies(each.number, version)
    ]
    return max(matches, key=lambda each: each.number, default=None)


def runtime_fields(runtime: Runtime) -> dict[str, Any]:
    """A runtime as `GET /runtimes` has it."""
    return {
        "language": runtime.language,
        "version": runtime.version,
        "aliases": list(runtime.aliases),
    }


def package_fields(runtime: Runtime) -> dict[str, Any]:
    """A runtime as `GET /packages` has it."""
    return {
        "language": runtime.language,
        "language_version": runtime.version,
        "installed": True,
    }


def _distinct(names: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(names))
