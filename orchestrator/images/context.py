"""Build contexts: a folder as a tar whose bytes depend on nothing but what is in the folder.

Names sorted, times and owners zero, modes 0755 or 0644, no bytecode: the engine's cache hits on
every machine, and a context's digest is the digest of its contents.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
import tarfile
from collections.abc import Collection, Mapping
from pathlib import Path

from orchestrator.errors import ConfigurationError
from orchestrator.languages.definition import BYTECODE

CERTIFICATES = "ca-certificates/"
"""Where the base has what the machine that builds it trusts beside the usual certificates."""

_FROM = re.compile(r"^\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE | re.MULTILINE)


def build_context(
    folder: Path, extra: Mapping[str, bytes] | None = None, *, without: Collection[str] = ()
) -> bytes:
    """The folder as a tar, with the files `extra` (path → content) beside or in place of its own.

    Those in `without` are left out. Symbolic links stay links. Raises ConfigurationError when there
    is no Dockerfile in it.
    """
    if not (folder / "Dockerfile").is_file():
        raise ConfigurationError(f"{folder.parent.name}/{folder.name}/Dockerfile: missing")
    members = {**_folder_members(folder), **_extra_members(extra or {})}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name in sorted(members.keys() - set(without)):
            info, content = members[name]
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def content_of(folder: Path) -> bytes:
    """The folder as `build_context` has it, but for what the machine that builds has put there.

    Raises as that does.
    """
    machine_s = {f"{CERTIFICATES}{each.name}" for each in (folder / CERTIFICATES).glob("*.crt")}
    return build_context(folder, without=machine_s)


Member = tuple[tarfile.TarInfo, bytes]


def _folder_members(folder: Path) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for parent, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each != BYTECODE]
        for entry in folders + files:
            path = Path(parent, entry)
            name = path.relative_to(folder).as_posix()
            info, content = tarfile.TarInfo(name), b""
            if path.is_symlink():
                info.type, info.linkname = tarfile.SYMTYPE, str(path.readlink())
            elif path.is_dir():
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            else:
                content = path.read_bytes()
                info.size, info.mode = len(content), _mode(path)
            members[name] = (info, content)
    return members


def _mode(path: Path) -> int:
    return 0o755 if path.stat().st_mode & 0o100 else 0o644


def _extra_members(extra: Mapping[str, bytes]) -> dict[str, Member]:
    members: dict[str, Member] = {}
    for name, content in extra.items():
        info = tarfile.TarInfo(name)
        info.size, info.mode = len(content), 0o644
        members[name] = (info, content)
    return members


def parent_images(folder: Path) -> tuple[str, ...]:
    """The images that the folder's Dockerfile starts from, as far as it names them outright."""
    found = _FROM.findall((folder / "Dockerfile").read_text("utf-8"))
    stages = {stage for _, stage in found}
    return tuple(image for image, _ in found if image not in stages and "$" not in image)


def source_digest(*parts: bytes) -> str:
    """sha256 over byte strings, as 64 hex digits; where one ends and the next begins counts."""
    whole = b"".join(hashlib.sha256(part).digest() for part in parts)
    return hashlib.sha256(whole).hexdigest()
