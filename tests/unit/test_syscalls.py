"""The table of system calls, and the profile that is made from it, as the kernel would apply it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.sandbox.syscalls import read_table, seccomp_profile, syscall_table
from tests.docs.syscalls_page import PAGE, page

TABLE = syscall_table()
PROFILE = seccomp_profile(TABLE)
TEXT = files("orchestrator.sandbox").joinpath("syscalls.toml").read_text("utf-8")
HEADERS = (
    Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h"),
    Path("/usr/include/asm-generic/unistd.h"),
)
# Calls that are many calls: none is ever allowed whole.
MULTIPLEXERS_TEXT = """
    prctl arch_prctl setsockopt getsockopt ioctl fcntl madvise process_madvise fadvise64 personality
    socket socketpair clone clone3 unshare mmap memfd_create msync open openat openat2 preadv2
    pwritev2 sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg futex membarrier seccomp bpf keyctl
    ptrace quotactl perf_event_open shmctl semctl msgctl io_uring_enter io_uring_register kcmp
    landlock_add_rule fanotify_mark syslog reboot userfaultfd move_pages mbind sync_file_range
"""
MULTIPLEXERS = MULTIPLEXERS_TEXT.split()
X86_64, ARM64 = "amd64", "arm64"
REFUSED, DONE = "EPERM", "0"
O_ASYNC, HUGETLB, NEWUSER, NEWNS = 0x2000, 0x40000, 0x10000000, 0x20000
WORD = 1 << 32


def becomes(name: str, *arguments: int, arch: str = X86_64) -> str:
    """What the kernel would do: `allowed`, or the error's number (0: done, says the answer)."""
    given = [*arguments, *[0] * (6 - len(arguments))]
    found = {
        rule["action"] if rule["action"] == "SCMP_ACT_ALLOW" else str(rule["errnoRet"])
        for rule in PROFILE["syscalls"]
        if name in rule["names"]
        and arch in rule.get("includes", {}).get("arches", [arch])
        and all(_holds(condition, given) for condition in rule.get("args", []))
    }
    assert len(found) <= 1, (name, arguments, found)
    return {"SCMP_ACT_ALLOW": "allowed"}.get(*found, *found) if found else REFUSED


def _holds(condition: dict[str, Any], arguments: Sequence[int]) -> bool:
    argument = arguments[condition["index"]]
    if condition["op"] == "SCMP_CMP_EQ":
        return bool(argument == condition["value"])
    assert condition["op"] == "SCMP_CMP_MASKED_EQ"
    return bool(argument & condition["value"] == condition["valueTwo"])


@pytest.mark.parametrize("name", MULTIPLEXERS)
def test_a_multiplexer_is_never_allowed_whole(name: str) -> None:
    whole = [
        rule
        for rule in PROFILE["syscalls"]
        if name in rule["names"] and rule["action"] == "SCMP_ACT_ALLOW" and not rule.get("args")
    ]
    assert whole == []


def _classed() -> set[str]:
    kinds = (TABLE.plain, TABLE.by_argument, TABLE.answered, TABLE.refused)
    return {name for kind in kinds for entry in kind for name in entry.names}


@pytest.mark.parametrize("header", [header for header in HEADERS if header.exists()], ids=str)
def test_every_call_that_the_kernel_has_is_classed(header: Path) -> None:
    known = set(re.findall(r"^#define __NR_(\w+)\s+\d+$", header.read_text(), re.MULTILINE))
    known -= {"syscalls", "arch_specific_syscall"}  # not calls: the header's own
    known -= {name for name in known if name.endswith("time64")}  # 32-bit machines'
    assert len(known) > 250
    assert known - _classed() == set()


def test_the_profile_names_what_the_table_allows_and_nothing_else() -> None:
    allowed = {
        name
        for kind in (TABLE.plain, TABLE.by_argument, TABLE.answered)
        for entry in kind
        for name in entry.names
    }
    assert {name for rule in PROFILE["syscalls"] for name in rule["names"]} == allowed
    assert PROFILE["defaultAction"] == "SCMP_ACT_ERRNO"
    assert PROFILE["defaultErrnoRet"] == 1


@pytest.mark.parametrize(
    ("call", "outcome"),
    [
        # kernel memory and pools that are charged to nobody
        (("prctl", 22, 2), REFUSED),  # PR_SET_SECCOMP
        (("prctl", 0x53564D41), REFUSED),  # PR_SET_VMA
        (("prctl", 62), REFUSED),  # PR_SCHED_CORE
        (("prctl", 67), REFUSED),  # PR_SET_MEMORY_MERGE
        (("prctl", 78), REFUSED),  # PR_FUTEX_HASH
        (("prctl", 15), "allowed"),
        (("setsockopt", 3, 1, 26), REFUSED),  # SO_ATTACH_FILTER
        (("setsockopt", 3, 1, 50), REFUSED),  # SO_ATTACH_BPF
        (("setsockopt", 3, 1, 51), REFUSED),  # SO_ATTACH_REUSEPORT_CBPF
        (("setsockopt", 3, 41, 26), REFUSED),  # of another level
        (("setsockopt", 3, 41, 7), REFUSED),
        (("setsockopt", 3, 1, 7), "allowed"),
        (("arch_prctl", 0x1023), REFUSED),  # ARCH_REQ_XCOMP_PERM
        (("arch_prctl", 0x1002), "allowed"),
        (("mmap", 0, 0, 0, 0x22 | HUGETLB), REFUSED),
        (("mmap", 0, 0, 0, 0x22), "allowed"),
        (("memfd_create", 0, 4), REFUSED),  # MFD_HUGETLB
        (("memfd_create", 0, 1), "allowed"),
        (("madvise", 0, 0, 12), REFUSED),  # MADV_MERGEABLE
        (("madvise", 0, 0, 14), REFUSED),  # MADV_HUGEPAGE
        # lists that are walked under a lock
        (("flock", 3, 1), REFUSED),
        (("fcntl", 3, 1024), REFUSED),  # F_SETLEASE
        (("fcntl", 3, 1026), REFUSED),  # F_NOTIFY
        (("fcntl", 3, 6), REFUSED),  # F_SETLK
        (("fcntl", 3, 37), REFUSED),  # F_OFD_SETLK
        (("fcntl", 3, 4, 0x8000 | O_ASYNC), REFUSED),
        (("fcntl", 3, 4, 0x8800), "allowed"),  # O_NONBLOCK
        (("ioctl", 3, 0x5452), REFUSED),  # FIOASYNC
        (("ioctl", 3, 0x5401), "allowed"),
        (("membarrier", 1), REFUSED),
        (("futex", 0, 128), "allowed"),
        (("futex", 0, 9 | 0x180), "allowed"),
        (("futex", 0, 6 | 0x80), "38"),  # FUTEX_LOCK_PI
        # the page cache and the disk
        (("fadvise64", 3, 0, 0, 4), REFUSED),  # POSIX_FADV_DONTNEED
        (("fadvise64", 3, 0, 0, 2), "allowed"),
        (("madvise", 0, 0, 20), REFUSED),  # MADV_COLD
        (("madvise", 0, 0, 21), REFUSED),  # MADV_PAGEOUT
        (("madvise", 0, 0, 4), "allowed"),
        (("preadv2", 3, 0, 0, 0, 0, 8), REFUSED),  # RWF_NOWAIT
        (("preadv2", 3, 0, 0, 0, 0, 0x80), REFUSED),  # RWF_DONTCACHE
        (("preadv2", 3), "allowed"),
        (("openat2", 3), "38"),
        (("fsync", 3), DONE),
        (("fdatasync", 3), DONE),
        (("msync", 0, 0, 4), DONE),
        (("msync", 0, 0, 1), "allowed"),
        (("cachestat", 3), REFUSED),
        (("readahead", 3), REFUSED),
        (("sync_file_range", 3), REFUSED),
        # what breaches began with
        (("sendto", 3, 0, 0, 1), REFUSED),  # MSG_OOB
        (("recvmsg", 3, 0, 1), REFUSED),
        (("recvmsg", 3, 0, 2), REFUSED),  # MSG_PEEK
        (("sendmmsg", 3, 0, 0, 1), REFUSED),
        (("recvmmsg", 3, 0, 0, 0x2000), REFUSED),  # MSG_ERRQUEUE
        (("sendto", 3, 0, 0, 0x4040), "allowed"),
        (("sendmsg", 3, 0, 0x4000), "allowed"),
        (("recvmsg", 3, 0, 0x40000000), "allowed"),
        (("clone", NEWUSER | 17), REFUSED),
        (("clone", NEWNS | 17), REFUSED),
        (("clone", 0x2011), REFUSED),  # CLONE_PTRACE
        (("clone", 0x7D0F00), "allowed"),  # a thread of musl's
        (("clone", 0x3D0F00), "allowed"),  # a thread of glibc's
        (("clone3", 0), "38"),
        (("personality", 0x40000), REFUSED),
        (("personality", 0xFFFFFFFF), "allowed"),
        (("socket", 2), REFUSED),
        (("socketpair", 16), REFUSED),
        (("socket", 1), "allowed"),
        (("userfaultfd",), REFUSED),
        (("a call that nobody has heard of",), REFUSED),
    ],
    ids=lambda value: " ".join(map(str, value)) if isinstance(value, tuple) else value,
)
def test_each_system_call_is_allowed_answered_or_refused(
    call: tuple[Any, ...], outcome: str
) -> None:
    assert becomes(*call) == outcome
    assert becomes(*call, arch=ARM64) == outcome


@pytest.mark.parametrize(("arch", "direct"), [(X86_64, 0x4000), (ARM64, 0x10000)])
def test_the_page_cache_can_not_be_passed_by_on_either_architecture(arch: str, direct: int) -> None:
    for call in (("open", 0), ("openat", 3, 0), ("fcntl", 3, 4)):
        assert becomes(*call, direct, arch=arch) == REFUSED
        assert becomes(*call, 0x800, arch=arch) == "allowed"
    directory = 0x4000 if arch == ARM64 else 0x10000  # O_DIRECTORY is the other's O_DIRECT
    assert becomes("openat", 3, 0, directory, arch=arch) == "allowed"


@given(st.sampled_from(TABLE.by_argument), st.data())
def test_argument_bits_that_the_kernel_ignores_allow_nothing(
    entry: Any, data: st.DataObject
) -> None:
    """It looks at 32 bits of these arguments, the filter at 64."""
    name = entry.names[0]
    where = {entry.where.argument: entry.where.value} if entry.where else {}
    seen = data.draw(st.integers(0, WORD - 1) | st.integers(0, 128), label="what the kernel sees")
    upper = data.draw(st.integers(1, WORD - 1), label="the other half")
    arguments = [where.get(index, 0) for index in range(6)]
    arguments[entry.argument] = seen
    plainly = becomes(name, *arguments)
    arguments[entry.argument] = seen + upper * WORD
    assert becomes(name, *arguments) in {plainly, REFUSED}


def test_every_allowed_call_has_a_reason_and_says_what_it_touches() -> None:
    for section in ("plain", "by_argument"):
        for line in ('reason = "', 'touches = "'):
            begin = TEXT.index(f"[[{section}]]")
            spoilt = TEXT[:begin] + TEXT[begin:].replace(line, line.replace(" =", "_ ="), 1)
            with pytest.raises(ValueError, match=r"Extra inputs|Field required"):
                read_table(spoilt)


@pytest.mark.parametrize(
    "addition",
    [
        '[[plain]]\nnames = ["prctl"]\nreason = "r"\ntouches = "t"\n',
        '[[plain]]\nnames = ["read"]\nreason = "r"\ntouches = "t"\n',
        '[[refused]]\nnames = ["read"]\nreason = "r"\n',
        '[[answered]]\nnames = ["read"]\nerrno = 0\nreason = "r"\n',
    ],
)
def test_a_call_in_two_classes_is_refused(addition: str) -> None:
    with pytest.raises(ValueError, match="in two classes"):
        read_table(TEXT + addition)


def test_an_argument_has_one_kind_of_condition() -> None:
    entry = (
        '[[by_argument]]\nnames = ["x"]\nargument = 0\nreason = "r"\ntouches = "t"\n'
        'values = [{ value = 0, name = "a", reason = "r" }]\n'
    )
    read_table(TEXT + entry)
    with pytest.raises(ValueError, match="one of values"):
        read_table(TEXT + entry + 'bits = [{ value = 1, name = "a", reason = "r" }]\n')


def test_the_reference_says_what_the_table_says() -> None:
    """If not: python -m tests.docs.syscalls_page writes it anew."""
    assert PAGE.read_text("utf-8") == page(TABLE)


def test_the_file_is_toml_without_a_section_that_nobody_reads() -> None:
    assert set(tomllib.loads(TEXT)) == {"plain", "by_argument", "answered", "refused"}
