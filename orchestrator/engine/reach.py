"""Diagnoses an engine that can't be reached or used, and tells people what to do about it.

Uses the standard library alone, and nothing of this project: scripts/engine runs this file before
there is a virtualenv.
"""

from __future__ import annotations

import errno
import grp
import json
import os
import pwd
import socket
import sys

TIMEOUT_S = 20.0
"""Generous, as the machine may be busy."""
SNAP_DATA = "/var/snap/docker/"
MOST = 4 << 20
"""The most bytes read of an answer."""
OLDEST_API = (1, 41)
"""The API version of Docker 20.10, the oldest that is supported."""
NEWEST_API = (1, 51)
"""The API version of Docker 28, the newest that is tested (`make test-hosts-engines`)."""

_SNAP = (
    "it is Ubuntu's snap, where nothing can be executed under no-new-privileges (EPERM, snapd bug "
    "1908448), which every sandbox has: sudo snap remove docker, then install docker.io or "
    "Docker's own package"
)
_REMAPPED = (
    "{0}: images can be built, but no sandbox starts, as its uids (from 1879048192 on) are none of "
    "those that the engine maps; use an engine that runs as root and maps no users"
)


_CURES = {
    "apparmor_parser": "the kernel enforces AppArmor, whose tools the engine does not find: "
    "apt-get install apparmor, then restart the engine",
}
"""Remedies, by a text in the engine's error."""


def explain(path: str, error: OSError) -> str:
    """Explain in one line why the socket at `path` can't be used, and what to do about it."""
    if error.errno in {errno.EACCES, errno.EPERM}:
        return f"permission denied at {path}: {_ways_in(path)}"
    if error.errno in {errno.ENOENT, errno.ENOTDIR}:
        return f"there is no socket at {path}: start the engine, or point DOCKER_HOST at it"
    if error.errno == errno.ECONNREFUSED:
        return f"nobody listens at {path}: the engine has ended, start it"
    return f"{path}: {error.strerror or error}"


def quirk(info: dict[str, object]) -> str:
    """Return why sandboxes can't start on this kind of engine (snap, rootless, userns-remap).

    Empty for any other engine. `info`: GET /info.
    """
    options = info.get("SecurityOptions")
    names = {str(each).partition(",")[0] for each in options} if isinstance(options, list) else ()
    if str(info.get("DockerRootDir", "")).startswith(SNAP_DATA):
        return _SNAP
    if "name=rootless" in names:
        return _REMAPPED.format("it is rootless")
    if "name=userns" in names:
        return _REMAPPED.format("it remaps users (userns-remap)")
    return ""


def cure(text: str) -> str:
    """Return the remedy for an engine's error, in brackets; empty when none is known."""
    known = next((words for sign, words in _CURES.items() if sign in text), "")
    return f" ({known})" if known else ""


def api_version(offer: dict[str, object]) -> tuple[str, str]:
    """Choose the newest API version that the engine and we have in common.

    Returns the version, or an empty one and why there is none. `offer`: GET /version.
    """
    name = f"Docker {offer.get('Version') or '?'}"
    theirs = _number(offer.get("ApiVersion"))
    least = _number(offer.get("MinAPIVersion")) or OLDEST_API
    if theirs is None:
        return "", f"{name} does not say which version of its API it speaks: it is no Docker Engine"
    if theirs < OLDEST_API:
        return "", (
            f"{name} is too old: it speaks API {_text(theirs)} at most, this server "
            f"{_text(OLDEST_API)} at least: install Docker 20.10 or newer"
        )
    if least > NEWEST_API:
        return "", (
            f"{name} is too new: it speaks API {_text(least)} at least, this server "
            f"{_text(NEWEST_API)} at most: use a newer codebae-runner, or start the engine with "
            f"DOCKER_MIN_API_VERSION={_text(NEWEST_API)}"
        )
    return _text(min(theirs, NEWEST_API)), ""


def _number(text: object) -> tuple[int, int] | None:
    major, _, minor = str(text).partition(".")
    return (int(major), int(minor)) if major.isdecimal() and minor.isdecimal() else None


def _text(number: tuple[int, int]) -> str:
    return ".".join(map(str, number))


def _ways_in(path: str) -> str:
    """Say how to get access to the socket: through its group if it has one, or as root."""
    try:
        group = grp.getgrgid(os.stat(path).st_gid)  # noqa: PTH116 - no more imports than needed
        user = pwd.getpwuid(os.geteuid()).pw_name
    except (KeyError, OSError):
        return "run this as root"
    if group.gr_gid == 0:
        return "run this as root"
    if user in group.gr_mem and group.gr_gid not in os.getgroups():
        return (
            f"you are in the group {group.gr_name}, but were not yet when you logged in: log in "
            f"anew, or run this under `newgrp {group.gr_name}`"
        )
    return (
        f"join the group {group.gr_name} (sudo usermod -aG {group.gr_name} {user}, then log in "
        "anew), or run this as root"
    )


def _get(path: str, request: str) -> tuple[bytes, bytes]:
    """Return the status line and the body of the engine's answer. Raises OSError."""
    with socket.socket(socket.AF_UNIX) as engine:
        engine.settimeout(TIMEOUT_S)
        engine.connect(path)
        engine.sendall(f"GET {request} HTTP/1.0\r\nHost: engine\r\n\r\n".encode())
        answer = b""
        while len(answer) < MOST:
            data = engine.recv(65_536)
            if not data:
                break
            answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    return head.partition(b"\r\n")[0], body


def look(path: str) -> tuple[bool, str]:
    """Return whether an engine answers at `path`, and what is wrong with it or with reaching it."""
    try:
        status, _ = _get(path, "/_ping")
        if b" 200 " not in status + b" ":
            said = status.decode("latin-1")
            return False, f"what answers at {path} is no engine, or is not well: {said[:200]!r}"
    except (socket.timeout, TimeoutError):  # noqa: UP041 - two types before Python 3.10
        return False, f"the engine at {path} does not answer within {TIMEOUT_S:g} s"
    except OSError as error:
        return False, explain(path, error)
    try:
        offer, info = (json.loads(_get(path, each)[1]) for each in ("/version", "/info"))
    except (OSError, ValueError):
        return True, ""  # it is up, which is all that was asked
    if not isinstance(offer, dict) or not isinstance(info, dict):
        return True, ""
    return True, api_version(offer)[1] or quirk(info)


if __name__ == "__main__":  # pragma: no cover - run by scripts/engine
    answers, remark = look(sys.argv[1])
    sys.stdout.write(f"{remark}\n" if remark else "")
    sys.exit(0 if answers else 1)
