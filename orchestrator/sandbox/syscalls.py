"""The table of system calls and how each is treated (`syscalls.toml`), and the seccomp profile.

In a profile all conditions of a rule must hold; of several rules for a call, one suffices.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

EPERM = 1
ALLOW, ERRNO = "SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"
EQUAL, MASKED_EQUAL = "SCMP_CMP_EQ", "SCMP_CMP_MASKED_EQ"
LOWER_32_BITS = 0xFFFF_FFFF
ARCHITECTURES = {"amd64": "SCMP_ARCH_X86_64", "arm64": "SCMP_ARCH_AARCH64"}

Text = Annotated[str, Field(min_length=1)]
Names = Annotated[tuple[Text, ...], Field(min_length=1)]


class _TableEntry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Value(_TableEntry):
    """A value, or bits, of an argument; with `arch`, on that architecture only."""

    name: Text
    value: int
    reason: Text
    arch: str = ""


class Where(_TableEntry):
    """A condition on another argument: its value must be this one."""

    argument: Annotated[int, Field(ge=0, le=5)]
    value: int
    name: Text


class Plain(_TableEntry):
    """Calls that are allowed with any arguments."""

    names: Names
    reason: Text
    touches: Text


class ByArgument(_TableEntry):
    """Calls that are allowed by an argument; one of the three conditions is given.

    It is one of `values`; or has no other bits than `bits`; or has none of `refused_bits`.
    """

    names: Names
    argument: Annotated[int, Field(ge=0, le=5)]
    reason: Text
    touches: Text
    where: Where | None = None
    ignoring: int = 0
    """Bits that are ignored when the argument is compared with `values`."""
    values: tuple[Value, ...] = ()
    bits: tuple[Value, ...] = ()
    refused_bits: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(map(bool, (self.values, self.bits, self.refused_bits))) != 1:
            raise ValueError("one of values, bits and refused_bits")
        return self


class Answered(_TableEntry):
    """Calls that fail with `errno`; with `values`, only when the argument is one of them."""

    names: Names
    errno: int
    reason: Text
    argument: int | None = None
    ignoring: int = 0
    values: tuple[Value, ...] = ()


class Refused(_TableEntry):
    """Calls that fail with EPERM, as does every call that is not in the table."""

    names: Names
    reason: Text


class SyscallTable(_TableEntry):
    """The whole of `syscalls.toml`."""

    plain: tuple[Plain, ...]
    by_argument: tuple[ByArgument, ...]
    answered: tuple[Answered, ...]
    refused: tuple[Refused, ...]

    @model_validator(mode="after")
    def _each_has_one_class(self) -> Self:
        """Check that a call has either one unconditional entry, or only conditional ones."""
        once = [
            name
            for names in (
                *(entry.names for entry in self.plain),
                *(entry.names for entry in self.refused),
                *(entry.names for entry in self.answered if not entry.values),
            )
            for name in names
        ]
        conditional = {
            name
            for names in (
                *(entry.names for entry in self.by_argument),
                *(entry.names for entry in self.answered if entry.values),
            )
            for name in names
        }
        twice = {name for name in once if once.count(name) > 1 or name in conditional}
        if twice:
            raise ValueError(f"in two classes: {', '.join(sorted(twice))}")
        return self


def read_table(text: str) -> SyscallTable:
    """Parse and validate a table. Raises ValueError when it is incomplete or contradicts itself."""
    return SyscallTable.model_validate(tomllib.loads(text))


@cache
def syscall_table() -> SyscallTable:
    """Return the table that comes with the code."""
    return read_table(files("orchestrator.sandbox").joinpath("syscalls.toml").read_text("utf-8"))


def seccomp_profile(table: SyscallTable) -> dict[str, Any]:
    """Return the seccomp profile, in the JSON form that the engine takes."""
    return {
        "defaultAction": ERRNO,
        "defaultErrnoRet": EPERM,
        "archMap": [
            {"architecture": name, "subArchitectures": []} for name in ARCHITECTURES.values()
        ],
        "syscalls": [
            {
                "names": sorted(name for entry in table.plain for name in entry.names),
                "action": ALLOW,
            },
            *(rule for entry in table.by_argument for rule in _allowing(entry)),
            *(rule for entry in table.answered for rule in _answering(entry)),
        ],
    }


def _allowing(entry: ByArgument) -> list[dict[str, Any]]:
    if entry.values:
        rules = [
            _rule(entry, _equal(entry.argument, value.value, entry.ignoring), value.arch)
            for value in entry.values
        ]
    elif entry.bits:
        others = LOWER_32_BITS & ~sum(bits.value for bits in entry.bits)
        rules = [_rule(entry, _none_of(entry.argument, others), "")]
    else:
        rules = [
            _rule(entry, _none_of(entry.argument, bits.value), bits.arch)
            for bits in entry.refused_bits
        ]
    return rules


def _rule(entry: ByArgument, condition: dict[str, Any], arch: str) -> dict[str, Any]:
    where = [_equal(entry.where.argument, entry.where.value)] if entry.where else []
    rule = {"names": list(entry.names), "action": ALLOW, "args": [*where, condition]}
    return {**rule, "includes": {"arches": [arch]}} if arch else rule


def _answering(entry: Answered) -> list[dict[str, Any]]:
    rule = {"names": list(entry.names), "action": ERRNO, "errnoRet": entry.errno}
    if entry.argument is None:
        return [rule]
    return [
        {**rule, "args": [_equal(entry.argument, value.value, entry.ignoring)]}
        for value in entry.values
    ]


def _equal(argument: int, value: int, ignoring: int = 0) -> dict[str, Any]:
    if ignoring:
        mask = LOWER_32_BITS & ~ignoring
        return {"index": argument, "value": mask, "valueTwo": value, "op": MASKED_EQUAL}
    return {"index": argument, "value": value, "valueTwo": 0, "op": EQUAL}


def _none_of(argument: int, bits: int) -> dict[str, Any]:
    return {"index": argument, "value": bits, "valueTwo": 0, "op": MASKED_EQUAL}
