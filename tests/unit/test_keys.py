"""The keys that `serve` starts with."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from orchestrator.cli.keys import NAMES, check_keys, ensure_keys
from orchestrator.errors import ConfigurationError
from orchestrator.sandbox.instance import claim_instance
from tests.api_support import make_settings

LONG, SHORT = "sixteen-letters!", "fifteen-letters"


@pytest.fixture(autouse=True)
def _no_keys_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("before", "made"),
    [
        (None, True),
        ("PORT=1", True),
        ("PORT=1\n", True),
        ("API_KEY=mine\n", False),
        (" API_KEY = mine", False),
        ("export API_KEY=mine\n", False),
        ("API_KEY=\n", True),
        ('API_KEY=""\n', True),
        ("# API_KEY=mine\n", True),
    ],
)
def test_a_key_is_made_up_only_where_there_is_none(
    tmp_path: Path, before: str | None, *, made: bool
) -> None:
    file = tmp_path / ".env"
    if before is not None:
        file.write_text(before)
    ensure_keys(file)
    ensure_keys(file)
    text = file.read_text()
    values = re.findall(r"(?m)^(?: |export )?API_KEY *= *([^\s\"].*)$", text)
    assert len(values) == 1
    assert ("mine" not in values[0]) == made
    admin_keys = re.findall(r"(?m)^ADMIN_KEY=(.{32,})$", text)
    assert len(admin_keys) == 1
    assert admin_keys != values
    if before is None:
        assert file.stat().st_mode & 0o077 == 0


def test_a_file_that_gets_a_key_is_its_owner_s_alone(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("API_KEY=mine\n")
    file.chmod(0o664)
    ensure_keys(file)
    assert file.stat().st_mode & 0o777 == 0o600
    file.chmod(0o664)
    ensure_keys(file)  # which has none to add
    assert file.stat().st_mode & 0o777 == 0o664


def test_a_key_of_the_environment_is_not_written_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in NAMES:
        monkeypatch.setenv(name, "mine")
    ensure_keys(tmp_path / ".env")
    assert not (tmp_path / ".env").exists()


def test_an_env_file_that_can_t_be_kept_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "latin-1").write_bytes(b"NAME=\xe9\n")
    for file in (tmp_path, tmp_path / "no folder" / ".env", tmp_path / "latin-1"):
        with pytest.raises(ConfigurationError, match=r"keys can't be kept there: "):
            ensure_keys(file)


def check(state: Path, *, dev: bool = False, **keys: str) -> list[str]:
    settings = make_settings(state_dir=state, **({"api_key": LONG} | keys))
    return check_keys(settings, for_development=dev)


def test_long_keys_are_taken_without_a_word(tmp_path: Path) -> None:
    assert check(tmp_path / "state", api_key=f"{LONG},{LONG}2", admin_key=f"{LONG}3") == []


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"api_key": SHORT}, "API_KEY:"),
        ({"api_key": f"{LONG}, {SHORT}"}, "API_KEY:"),
        ({"admin_key": SHORT}, "ADMIN_KEY:"),
        ({"api_key": "a", "admin_key": "b"}, "API_KEY and ADMIN_KEY:"),
    ],
)
def test_a_new_server_refuses_short_keys_and_does_not_show_them(
    tmp_path: Path, keys: dict[str, str], name: str
) -> None:
    for _ in range(2):  # having been refused makes nothing old
        with pytest.raises(ConfigurationError, match=f"setting {name}") as raised:
            check(tmp_path / "state", **keys)
        assert SHORT not in str(raised.value)
    assert check(tmp_path / "state", dev=True, **keys) == []


def test_a_server_of_an_earlier_version_goes_on_and_is_warned_each_time(tmp_path: Path) -> None:
    with claim_instance(tmp_path):
        pass
    for _ in range(2):
        (warning,) = check(tmp_path, api_key=SHORT)
        assert "setting API_KEY" in warning
        assert SHORT not in warning
    assert check(tmp_path, api_key=SHORT, dev=True) == []
    assert check(tmp_path, api_key=SHORT) != []  # which development does not change


def test_a_server_that_had_long_keys_once_gets_no_short_ones_any_more(tmp_path: Path) -> None:
    with claim_instance(tmp_path):
        pass
    check(tmp_path)
    with pytest.raises(ConfigurationError):
        check(tmp_path, api_key=SHORT)


def test_development_in_a_new_folder_makes_it_no_earlier_version_s(tmp_path: Path) -> None:
    check(tmp_path, api_key=SHORT, dev=True)
    with claim_instance(tmp_path):
        pass
    with pytest.raises(ConfigurationError):
        check(tmp_path, api_key=SHORT)


def test_a_folder_that_can_t_be_written_is_left_to_whoever_claims_it(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert check(tmp_path / "file") == []
