"""The docs' commands, run as they are written (`classified.py` says which, and what of the others).

What a reader puts in its place is put there: the address of the server, the key, a port.
"""

from __future__ import annotations

import re
import urllib.request
from pathlib import Path

import pytest

from tests.checkout import ROOT
from tests.docs import stubs
from tests.docs.classified import Runs, Stubbed, how
from tests.docs.commands import Command, commands_on, pages
from tests.docs.conftest import Here, Reader

pytestmark = [
    pytest.mark.docker,
    pytest.mark.thorough,
    pytest.mark.timeout(1200),
]

FOUND = {each for page in pages(ROOT) for each in commands_on(page, (ROOT / page).read_text())}
ONCE = sorted({(each.text, how(each)): each for each in sorted(FOUND)}.values())
"""A command that several pages have, with the same meaning, once."""


def those(kind: type[Runs | Stubbed], *, fresh: bool = False) -> list[object]:
    """The commands to be run that way; `fresh`: those of a folder in which nothing was done yet."""
    return [
        pytest.param(each, place, id=f"{each.page}: {each.text.splitlines()[0][:40]}")
        for each in ONCE
        if isinstance(place := how(each), kind)
        and (not isinstance(place, Runs) or (place.folder != ".") is fresh)
    ]


@pytest.mark.parametrize(("command", "place"), those(Runs))
def test_the_command_runs_in_a_clone_that_is_set_up(
    command: Command, place: Runs, reader: Reader, request: pytest.FixtureRequest
) -> None:
    here: Here = request.getfixturevalue(place.needs) if place.needs else Here()
    if command.text == "make run":  # it is what the server was started with
        printed = answer(f"{here.url}/health")
    else:
        printed = reader.types(here.put_into(command.text), **here.env)
    assert re.search(place.says, printed), printed


@pytest.mark.parametrize(("command", "place"), those(Runs, fresh=True))
def test_the_command_runs_in_a_fresh_clone(command: Command, place: Runs, fresh: Reader) -> None:
    script = command.text.replace("--port 3001", "--port 0")
    if not place.until:
        printed = fresh.types(script, place.folder)
        assert re.search(place.says, printed), printed
        return
    with fresh.starts(script, place.until, place.folder) as url:
        assert "<html" in answer(url)


@pytest.mark.parametrize(("command", "place"), those(Stubbed))
def test_the_command_calls_a_stubbed_program_with_valid_arguments(
    command: Command, place: Stubbed, reader: Reader, tmp_path: Path
) -> None:
    folder = tmp_path / "stubs"
    stubs.write_stubs(folder, {each.split()[0] for each in place.calls})
    path = f"{folder}:{reader.env['PATH']}"
    # `make`'s own `python` is the stub, too, as the environment's PY comes first.
    printed = reader.types(command.text, PATH=path, PY=str(folder / "python"), MAKEFLAGS="e")
    made = stubs.calls(folder)
    for call in made:
        stubs.check(call)
    for expected in place.calls:
        assert any(" ".join(call).startswith(expected) for call in made), (expected, made)
    assert re.search(place.says, printed), printed


def answer(url: str) -> str:
    """The body of a page of a server of ours."""
    with urllib.request.urlopen(url, timeout=60) as response:  # noqa: S310 - this machine's
        return str(response.read().decode())
