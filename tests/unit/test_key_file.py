"""KEYS_FILE: what is in it, what is wrong with it, that it is read again, and how it is changed."""

from __future__ import annotations

import concurrent.futures
import contextlib
import os
import re
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from orchestrator.__main__ import main
from orchestrator.access.key_file import MAX_BYTES, KeyEntry, parse_keys, read_keys, state_of
from orchestrator.access.key_watch import KeyWatch
from orchestrator.access.model import Key, Scope, digest_of
from orchestrator.access.ring import KeyRing
from orchestrator.cli.key_file import PREFIX, Rights, add_key, remove_key
from orchestrator.errors import ConfigurationError
from tests.checkout import ROOT
from tests.docs.commands import commands_on

HASH = digest_of(b"a key").hex()
ENTRY = f'[[keys]]\nname = "course"\nsha256 = "{HASH}"\n'


def test_a_key_has_what_the_file_says() -> None:
    text = ENTRY + 'weight = 3\nmax_jobs = 2\nrate = 60\nscopes = ["run", "problems:read"]\n'
    scopes = frozenset({Scope.RUN, Scope.PROBLEMS_READ})
    assert parse_keys(text, "") == (Key("course", digest_of(b"a key"), scopes, 3, 2, 60),)
    assert parse_keys(ENTRY, "")[0].scopes == {Scope.RUN}
    assert parse_keys("", "") == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[keys]", "not TOML"),
        ("keys = " + "[" * 100_000, "not TOML"),
        ("keys = 1", "keys: Input should be a valid list"),
        (f'[[keys]]\nsha256 = "{HASH}"', "keys.0.name: Field required"),
        ('[[keys]]\nname = "a"', "keys.0.sha256: Field required"),
        (ENTRY.replace(HASH, HASH[:-1]), "keys.0.sha256: String should match"),
        (ENTRY.replace(HASH, HASH.upper()), "keys.0.sha256: String should match"),
        (ENTRY + "weight = 0", "keys.0.weight: "),
        (ENTRY + "weight = true", "keys.0.weight: "),
        (ENTRY + 'rate = "60"', "keys.0.rate: "),
        (ENTRY + "rate = -1", "keys.0.rate: "),
        (ENTRY + 'scopes = ["run", "all"]', "keys.0.scopes.1: "),
        (ENTRY + "wieght = 2", "keys.0.wieght: Extra inputs"),
        (ENTRY + "\n[others]\n", "others: Extra inputs"),
        (ENTRY + ENTRY, "keys.1.name: another key has it"),
        (ENTRY + ENTRY.replace("course", "other"), "keys.1.sha256: another key has it"),
        *(
            (ENTRY.replace("course", name), "keys.0.name: up to 64 of")
            for name in ("", "A", "-a", "a b", "a" * 65, "é", "key-1", "admin-1", "piston", "cli")
        ),
    ],
)
def test_an_invalid_key_file_gives_one_line_that_names_the_field(text: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as raised:
        parse_keys(text, "keys.toml")
    assert str(raised.value).startswith(f"keys.toml: {said}")
    assert "\n" not in str(raised.value)


@given(st.binary())
def test_any_bytes_in_a_key_file_are_at_worst_a_configuration_error(content: bytes) -> None:
    with contextlib.suppress(ConfigurationError, UnicodeDecodeError):
        parse_keys(content.decode(), "")


def test_a_file_that_can_t_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    for content, said in (
        (None, "can't be read: No such file"),
        (b"\xff", "can't be read: it is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), "larger than"),
    ):
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigurationError, match=said):
            read_keys(path)
        with pytest.raises(ConfigurationError, match=r"^setting KEYS_FILE: "):
            KeyWatch(path, KeyRing(["one"])).load()


@pytest.mark.parametrize(
    ("mode", "said"), [(0o600, None), (0o640, "can be read by others"), (0o620, "can be written")]
)
def test_a_mode_that_lets_others_in_is_remarked_on(
    tmp_path: Path, mode: int, said: str | None
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(ENTRY)
    path.chmod(mode)
    with capture_logs() as logs:
        KeyWatch(path, KeyRing([])).load()
    remarks = [line["remark"] for line in logs if line["event"] == "settings"]
    assert len(remarks) == (said is not None)
    assert not said or said in remarks[0]


def test_a_key_is_one_of_the_file_or_of_a_setting_not_both() -> None:
    key = parse_keys(ENTRY, "")[0]
    for ring in (lambda: KeyRing(["a key"], [], [key]), lambda: KeyRing([], ["a key"], [key])):
        with pytest.raises(ConfigurationError, match="course: this key is one of A"):
            ring()


async def test_a_file_is_read_again_when_it_changes_and_a_broken_one_changes_nothing(
    tmp_path: Path,
) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(ENTRY)
    ring = KeyRing(["one"])
    watch = KeyWatch(path, ring)
    watch.load()
    assert [key.name for key in ring.keys][1:] == ["course"]
    assert await watch.check() is None

    path.write_text(ENTRY + "weight = 2\n")
    assert await watch.check() == frozenset()
    assert ring.keys[1].weight == 2

    broken = (ENTRY + "weight = 0", "]", ENTRY.replace(HASH, digest_of(b"one").hex()), None)
    for text in broken:
        path.unlink() if text is None else path.write_text(text)
        with capture_logs() as logs:
            assert await watch.check() is None
            assert await watch.check() is None
        assert [line["event"] for line in logs] == ["keys_file_broken"], text  # once
        assert logs[0]["still_valid"] == 2
        assert ring.find(b"a key") is not None

    path.write_text("")
    assert await watch.check() == {"course"}
    assert ring.find(b"a key") is None
    assert ring.find(b"one") is not None


def renamed_over(folder: Path, text: str) -> None:
    (folder / "new").write_text(text)
    (folder / "new").replace(folder / "keys.toml")


def swapped(folder: Path, text: str) -> None:
    """As a mounted secret is: the file is a link through `..data`, which leads somewhere else."""
    version = folder / f"version-{len(os.listdir(folder))}"  # noqa: PTH208 - their number
    version.mkdir()
    (version / "keys.toml").write_text(text)
    (folder / "..next").symlink_to(version.name)
    (folder / "..next").replace(folder / "..data")
    if not (folder / "keys.toml").is_symlink():
        (folder / "keys.toml").symlink_to("..data/keys.toml")


def renamed_behind_a_link(folder: Path, text: str) -> None:
    (folder / "far").mkdir(exist_ok=True)
    renamed_over(folder / "far", text)
    if not (folder / "keys.toml").is_symlink():
        (folder / "keys.toml").symlink_to("far/keys.toml")


@pytest.mark.parametrize("change", [renamed_over, swapped, renamed_behind_a_link])
async def test_every_change_is_seen_however_the_file_is_replaced(
    tmp_path: Path, change: Callable[[Path, str], None]
) -> None:
    change(tmp_path, ENTRY)
    ring = KeyRing([])
    watch = KeyWatch(tmp_path / "keys.toml", ring)
    watch.load()
    for name in ("second", "third", "fourth"):
        (before,) = ring.keys
        change(tmp_path, ENTRY.replace("course", name))
        assert await watch.check() == {before.name}
        assert [key.name for key in ring.keys] == [name]


def test_the_state_of_the_key_file_differs_after_every_change(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    states = [state_of(path)]
    path.write_text(ENTRY)
    states.append(state_of(path))
    path.write_text(ENTRY.replace("course", "cursed"))  # as long as before
    states.append(state_of(path))
    (tmp_path / "other").write_text(path.read_text())
    (tmp_path / "other").replace(path)
    states.append(state_of(path))
    assert len(set(states)) == len(states)


def test_a_new_key_is_told_once_and_its_hash_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    rights = Rights((Scope.RUN, Scope.JOBS), weight=2, max_jobs=3, rate=4)
    key = add_key(path, "course", rights)
    assert key.startswith(PREFIX)
    assert len(key) > 40
    assert key not in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    (found,) = read_keys(path).keys
    assert found == Key("course", digest_of(key.encode()), frozenset(rights.scopes), 2, 3, 4)
    assert KeyRing([], [], [found]).find(key.encode()) == found
    assert add_key(path, "other", Rights()) != key
    remove_key(path, "course")
    assert [each.name for each in read_keys(path).keys] == ["other"]


def test_adding_a_key_keeps_comments_owner_mode_and_link_of_the_file(tmp_path: Path) -> None:
    path, link = tmp_path / "keys.toml", tmp_path / "link.toml"
    path.write_text(f"# ours\n{ENTRY}weight = 2  # twice\n")
    path.chmod(0o640)
    link.symlink_to(path)
    add_key(link, "other", Rights())
    assert path.read_text().startswith(f"# ours\n{ENTRY}weight = 2  # twice\n")
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    remove_key(link, "other")
    assert "# twice" in path.read_text()
    assert [each.name for each in tmp_path.iterdir() if each.name.startswith(".")] == []


@pytest.mark.parametrize("text", ["[[keys]", ENTRY + "weight = 0", f"keys = [{{name = '{HASH}'}}]"])
def test_a_broken_file_is_not_made_worse(tmp_path: Path, text: str) -> None:
    path = tmp_path / "keys.toml"
    path.write_text(text)
    for change in (lambda: add_key(path, "new", Rights()), lambda: remove_key(path, "course")):
        with pytest.raises(ConfigurationError):
            change()
    assert path.read_text() == text
    assert os.listdir(tmp_path) == ["keys.toml"]  # noqa: PTH208 - the temporary one is gone


def test_a_key_s_name_can_be_taken_only_once(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    add_key(path, "course", Rights())
    for name in ("course", "Course", "key-1", ""):
        with pytest.raises(ConfigurationError):
            add_key(path, name, Rights())
    with pytest.raises(ConfigurationError, match="there is no key other"):
        remove_key(path, "other")
    with pytest.raises(ConfigurationError, match="can't be changed: No such file"):
        add_key(tmp_path / "nowhere" / "keys.toml", "course", Rights())


def test_keys_made_at_the_same_time_are_all_there(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda n: add_key(path, f"key{n}", Rights()), range(24)))
    assert {key.digest for key in read_keys(path).keys} == {digest_of(k.encode()) for k in made}


def test_the_commands_make_list_and_revoke(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "keys.toml"
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYS_FILE", str(path))
    cli = CliRunner()
    made = cli.invoke(main, ["keys", "new", "course", "--max-jobs", "2", "--scope", "metrics"])
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert digest_of(key.encode()) == read_keys(path).keys[0].digest
    listed = cli.invoke(main, ["keys", "list"]).stdout
    assert listed.split("\t") == [
        "course", "1", "2", "", "metrics", digest_of(key.encode()).hex()[:12] + "\n",
    ]  # fmt: skip
    assert cli.invoke(main, ["keys", "revoke", "course"]).exit_code == 0
    assert read_keys(path).keys == ()
    assert cli.invoke(main, ["keys", "revoke", "course"]).exit_code == 1
    monkeypatch.delenv("KEYS_FILE")
    refused = cli.invoke(main, ["keys", "list"])
    assert (refused.exit_code, "KEYS_FILE" in refused.stderr) == (2, True)


@pytest.mark.parametrize("page", ["docs/howto/operate.md", "docs/reference/keys.md"])
def test_the_docs_commands_do_what_the_docs_say(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KEYS_FILE", str(tmp_path / "keys.toml"))
    text = (ROOT / page).read_text()
    blocks = [command.text for command in commands_on(page, text)]
    lines = [line for block in blocks for line in block.splitlines()]
    typed = [line for line in lines if line.startswith("codebae-runner keys ")]
    assert len(typed) >= 3
    # On a page blocks come before what is indented: what makes a key is typed first.
    for line in sorted(typed, key=lambda line: " new " not in line):
        done = CliRunner().invoke(main, shlex.split(line)[1:])
        assert done.exit_code == 0, (line, done.output)
    assert "course-algorithms" not in [key.name for key in read_keys(tmp_path / "keys.toml").keys]


def test_the_reference_s_file_is_one() -> None:
    text = (ROOT / "docs" / "reference" / "keys.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    (key,) = parse_keys(example, "")
    assert (key.name, key.weight, key.max_jobs, key.rate) == ("course-algorithms", 2, 3, 120)
    assert all(f"`{name}`" in text for name in (*KeyEntry.model_fields, *map(str, Scope)))
