from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.sandbox.instance import claim_instance


def test_an_id_is_made_once_and_survives_restarts(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "state"
    with claim_instance(folder) as first:
        assert len(first) == 16
    with claim_instance(folder) as second:
        assert second == first


def test_two_state_folders_have_two_instance_ids(tmp_path: Path) -> None:
    with claim_instance(tmp_path / "a") as one, claim_instance(tmp_path / "b") as two:
        assert one != two


def test_a_folder_in_use_is_refused_and_free_again_afterwards(tmp_path: Path) -> None:
    with claim_instance(tmp_path) as first:
        with (
            pytest.raises(ConfigurationError, match=r"STATE_DIR: .* in use by another server"),
            claim_instance(tmp_path),
        ):
            pass
        assert first
    with claim_instance(tmp_path) as second:
        assert second == first


@pytest.mark.parametrize("damage", [b"", b"not an id\n", b"\xff\xfe", b"0123456789abcdef0\n"])
def test_a_damaged_id_is_replaced_by_a_fresh_one(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "instance").write_bytes(damage)
    with claim_instance(tmp_path) as first:
        assert (tmp_path / "instance").read_text() == f"{first}\n"


def test_a_folder_that_can_t_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(ConfigurationError, match=r"STATE_DIR: .*can't be written"),
        claim_instance(tmp_path / "file"),
    ):
        pass
