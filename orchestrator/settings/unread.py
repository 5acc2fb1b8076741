"""Names that look like settings and are none: typos, and what Piston reads. No I/O."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Iterator

PISTON = "PISTON_"
INSTEAD = {
    "PISTON_BIND_ADDRESS": "HOST and PORT",
    "PISTON_LOG_LEVEL": "LOG_LEVEL",
    "PISTON_MAX_CONCURRENT_JOBS": "MAX_JOBS",
    "PISTON_MAX_PROCESS_COUNT": "MAX_PROCESSES",
    "PISTON_REPO_URL": "LANGUAGES",
    "PISTON_LIMIT_OVERRIDES": "each language's language.toml",
}
"""What stands for Piston's own here, where something does."""

ALIKE = 0.86
SHORTEST = 6
"""In the environment, which is full of other programs' names, a shorter one says too little."""
OTHERS = {"LANGUAGE", "DOCKER_SOCKET", "RUNNER_URL"}
"""gettext's; compose.yaml's; the commands'."""
COMPOSE = "COMPOSE_"

_ASSIGNMENT = re.compile(r"^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=", re.ASCII | re.MULTILINE)


def names_in(text: str) -> list[str]:
    """The names that an env file sets, in order."""
    return _ASSIGNMENT.findall(text)


def unread(
    environment: Iterable[str], env_file: Iterable[str], known: Collection[str]
) -> list[str]:
    """What to say of names that are not read; `known`: the settings' names, in upper case.

    Of an env file each is told, but for what may be a line of a longer value, such as a key's; of
    the environment those that resemble a setting, or are Piston's.
    """
    return [
        *_remarks("", environment, known, thorough=False),
        *_remarks(".env: ", env_file, known, thorough=True),
    ]


def _remarks(
    place: str, names: Iterable[str], known: Collection[str], *, thorough: bool
) -> Iterator[str]:
    for name in dict.fromkeys(names):
        upper = name.upper()
        if upper in known or upper in OTHERS or upper.startswith(COMPOSE):
            continue
        meant = INSTEAD.get(upper) or nearest(upper, known)
        is_ours = upper.startswith(PISTON) or (meant and len(upper) >= SHORTEST)
        is_a_name = name in {upper, name.lower()}  # base64 is of both cases
        if (thorough and is_a_name) or is_ours:
            hint = f"; {meant} is" if meant else ""
            yield f"{place}{name} is not read{hint}"


def nearest(name: str, known: Collection[str]) -> str:
    """The name in `known` that `name` resembles, or begins as; empty where there is none."""
    alike = difflib.get_close_matches(name, known, n=1, cutoff=ALIKE)
    if not alike and "_" in name:
        alike = [each for each in sorted(known) if each.startswith(f"{name}_")]
    return alike[0] if alike else ""
