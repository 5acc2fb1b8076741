"""`language.toml`: what is taken, and the one line that each mistake earns."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.languages.model import (
    CommandRule,
    LimitDefaults,
    MemoryErrorRule,
    Sample,
    SampleFile,
)
from orchestrator.languages.registry import load_folders, load_languages
from orchestrator.languages.samples import CONVENTIONS
from orchestrator.languages.schema import (
    CompileTable,
    LanguageFile,
    LimitsTable,
    MemoryErrorTable,
    PoolTable,
    RunTable,
    SampleLimitsTable,
    SampleTable,
    ServerTable,
    SourceTable,
    UncaughtTable,
)
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.languages_support import HELLO, TOML, write_language

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def images(tmp_path: Path) -> Path:
    return tmp_path / "images"


def message(images_dir: Path, *ids: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_languages(images_dir, ids)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_language_is_loaded_whole(images: Path) -> None:
    toml = TOML.replace(
        "[limits]",
        'env = { LANG = "C.UTF-8" }\n'
        '[compile]\ncommand = ["check", "{sources}", "{compile_args}"]\n'
        "[memory_error]\nexit_codes = [3]\nstderr = 'out of (memory)'\n[limits]",
    )
    folder = write_language(images, toml=toml)
    (loaded,) = load_folders(images, ["shout"])
    (language,) = loaded.languages
    hello = SampleFile("main.awk", HELLO.encode())
    assert loaded.samples == (Sample("shout", "hello", (hello,), stdout="HELLO\n"),)
    assert (loaded.id, loaded.path) == ("shout", folder)
    assert loaded.toml == toml
    assert (language.id, language.name, language.folder) == ("shout", "Shout", folder)
    assert language.aliases == ("awk", "Loud")
    assert language.version_command[:2] == ("sh", "-c")
    assert language.compile == CommandRule(("check", "{sources}", "{compile_args}"))
    assert language.run == CommandRule(("awk", "-f", "{main}", "{args}"), {"LANG": "C.UTF-8"})
    assert language.limits == LimitDefaults(64, 8)
    assert language.memory_error.exit_codes == {3}
    assert language.memory_error.stderr is not None
    assert language.image == "codebae-runner/shout:current"


def test_fast_arguments_have_their_place(images: Path) -> None:
    run = '["awk", "{fast}", "-f", "{main}"]\nfast = ["-O", "{args}"]'
    write_language(images, toml=TOML.replace('["awk", "-f", "{main}", "{args}"]', run))
    (language,) = load_languages(images, ["shout"])
    assert language.run == CommandRule(("awk", "{fast}", "-f", "{main}"), fast=("-O", "{args}"))


def test_what_is_optional_may_be_left_out(images: Path) -> None:
    write_language(images, toml=TOML.replace('aliases = ["awk", "Loud"]\n', ""))
    (language,) = load_languages(images, ["shout"])
    assert language.aliases == ()
    assert language.compile is None
    assert language.memory_error == MemoryErrorRule()


# Each row: what of the good file is replaced, by what, and the message after the file's name.
BROKEN = [
    ("command = [", "comand = [", "run.comand: unknown key"),
    ("[limits]", "[limits]\nmemory = 1", "limits.memory: unknown key"),
    ("[samples]", "[extra]\n[samples]", "extra: unknown key"),
    ("[samples]", "[odd.'a b']\n[samples]", "odd: unknown key"),
    ('name = "Shout"', "", "name: missing"),
    ('name = "Shout"', 'name = ""', "name: String should have at least 1 character"),
    ('name = "Shout"', 'name = "a\\u0000"', "name: contains a NUL"),
    ('name = "Shout"', "name = 3", "name: should be a valid string"),
    ("id = ", "id_ = ", "id_: unknown key"),
    ('id = "shout"', 'id = "other"', "id: 'other' is not the folder's name"),
    ('id = "shout"', 'id = "Shout"', "id: String should match pattern"),
    ('["awk", "Loud"]', '["a b"]', "aliases[0]: String should match pattern"),
    ('["awk", "Loud"]', '"awk"', "aliases: should be a valid list"),
    ("memory_mb = 64", 'memory_mb = "64"', "limits.memory_mb: should be a valid integer"),
    ("memory_mb = 64", "memory_mb = 64.0", "limits.memory_mb: should be a valid integer"),
    ("memory_mb = 64", "memory_mb = -1", "limits.memory_mb: should be greater than or equal to"),
    ("processes = 8", "processes = 9999", "limits.processes: should be less than or equal to 4096"),
    ('name = "main.awk"', 'name = "a/b.awk"', "source.name: should be a plain file name"),
    ('name = "main.awk"', 'name = ".."', "source.name: should be a plain file name"),
    ('name = "main.awk"', 'name = "main"', "source: name ends in none of the extensions"),
    ('[".awk"]', "[]", "source.extensions: List should have at least 1 item"),
    ('[".awk"]', '["awk"]', "source.extensions[0]: String should match pattern"),
    ('[".awk"]', "[\".awk\"]\nignore = '('", "source.ignore: not a regular expression: missing )"),
    ('[".awk"]', '[".awk"]\nignore = 1', "source.ignore: should be a string"),
    ('[".awk"]', "[\".awk\"]\nignore = 'x'", "source: ignore is of no use without name_from"),
    ('[".awk"]', "[\".awk\"]\nname_from = '(x)'", "source: name_from and name_template need each"),
    ('[".awk"]', "[\".awk\"]\nname_from = 'x'", "source.name_from: should have one group, has 0"),
    (
        '[".awk"]',
        '[".awk"]\nname_template = "x.awk"',
        "source.name_template: should contain {match} once",
    ),
    (
        '[".awk"]',
        "[\".awk\"]\nname_from = '(x)'\nname_template = '{match}'",
        "source: name_template ends in none of the extensions",
    ),
    ('"{main}"', '"{mian}"', "run.command[2]: unknown placeholder {mian}"),
    ('"{main}"', '""', "run.command[2]: String should have at least 1 character"),
    ('"{args}"', '"-x{args}"', "run.command[3]: {args} should be a token of its own"),
    ('"{args}"', '"{compile_args}"', "run.command[3]: {compile_args} has no place in run.command"),
    ('["awk", "-f", "{main}", "{args}"]', "[]", "run.command: List should have at least 1 item"),
    ('"sh", "-c"', '"sh", "{main}"', "version[1]: {main} has no place in version"),
    (
        "[limits]",
        '[compile]\ncommand = ["cc", "{args}"]\n[limits]',
        "compile.command[1]: {args} has no place in compile.command",
    ),
    ('"{args}"]', '"{fast}"]', "run: {fast} stands in command, but there is no fast"),
    ('"{args}"]', '"{args}"]\nfast = ["-O"]', "run: fast needs {fast} once in command"),
    ('"{args}"]', '"{fast}", "{fast}"]\nfast = ["-O"]', "run: fast needs {fast} once in command"),
    ('"{args}"]', '"{fast}"]\nfast = []', "run.fast: List should have at least 1 item"),
    ('"{args}"', '"-x{fast}"', "run.command[3]: {fast} should be a token of its own"),
    ("[limits]", 'env = { "A=B" = "c" }\n[limits]', 'run.env."A=B": String should match pattern'),
    ("[limits]", 'env = { A = "\\u0000" }\n[limits]', "run.env.A: contains a NUL"),
    (
        "[limits]",
        "[memory_error]\nexit_codes = [0]\n[limits]",
        "memory_error.exit_codes[0]: should be greater than or equal to 1",
    ),
    (
        "[limits]",
        "[memory_error]\nstderr = '*'\n[limits]",
        "memory_error.stderr: not a regular expression: nothing to repeat",
    ),
    ("hello = {", 'hello = { status = "fine", ', "samples.hello.status: should be 'accepted', "),
    ("hello = {", '"../hello" = {', 'samples."../hello": should be a plain file name'),
    ('"HELLO\\n"', '""', "samples: there is no hello with a stdout"),
    ("[samples]", "[samples]\ngone = {}", "samples.gone: there is no file or folder of that name"),
    ("[samples]", '[samples]\n"hello.awk" = {}', 'samples."hello.awk": there is no file or folder'),
    (
        "hello = {",
        'hello = { absent = "no", ',
        "samples.hello: absent goes with nothing else",
    ),
    ('{ stdout = "HELLO\\n" }', '{ absent = "no" }', "samples.hello: is said to be absent, but"),
    ("[samples]", '[samples]\ngone = { absent = "no" }', "samples.gone: is said to be absent, but"),
    ("[samples]", "[samples]\necho = { limits = { cpu = 1 } }", "samples.echo.limits.cpu: unknown"),
    ("[samples]", "[samples", "not TOML: Expected"),
]


@pytest.mark.parametrize(("old", "new", "expected"), BROKEN, ids=[row[2] for row in BROKEN])
def test_a_mistake_is_named_with_file_and_key(
    images: Path, old: str, new: str, expected: str
) -> None:
    assert old in TOML
    write_language(images).joinpath("language.toml").write_text(TOML.replace(old, new, 1))
    assert message(images, "shout").startswith(f"images/shout/language.toml: {expected}")


def test_a_sample_file_that_is_not_declared_is_an_error(images: Path) -> None:
    (write_language(images) / "samples" / "more.awk").touch()
    assert message(images, "shout") == (
        "images/shout/language.toml: samples.more: samples/more.awk is there, "
        "but not what comes of it"
    )


def test_missing_or_unreadable_files_are_named(images: Path) -> None:
    folder = write_language(images)
    (folder / "Dockerfile").unlink()
    assert message(images, "shout") == "images/shout/Dockerfile: missing"
    (folder / "language.toml").write_bytes(b"name = '\xff'")
    assert message(images, "shout").startswith(
        "images/shout/language.toml: not TOML: 'utf-8' codec"
    )
    (folder / "language.toml").unlink()
    assert message(images, "shout") == "images/shout/language.toml: missing"
    (folder / "language.toml").mkdir()
    assert message(images, "shout") == "images/shout/language.toml: Is a directory"


def test_a_language_without_a_folder_is_named_with_those_there_are(images: Path) -> None:
    write_language(images)
    (images / "_base").mkdir()
    for name in ("nope", "_base", "..", "../images/shout", "shout/"):
        assert message(images, "shout", name) == (
            f"language {name}: there is no folder images/{name} (LANGUAGES may name: shout)"
        )


def test_no_language_or_no_images_folder_is_an_error(images: Path) -> None:
    assert message(images) == "setting LANGUAGES: names no language"
    assert message(images, "c") == f"setting IMAGES_DIR: {images}: No such file or directory"
    images.mkdir()
    assert message(images, "c").endswith("(LANGUAGES may name: none)")


@pytest.mark.parametrize("alias", ["AWK", "shout"])
def test_an_alias_belongs_to_one_language(images: Path, alias: str) -> None:
    write_language(images)
    write_language(images, "other", TOML.replace('["awk", "Loud"]', f'["{alias}"]'))
    assert message(images, "shout", "other") == (
        f"images/other/language.toml: aliases: '{alias}' already belongs to shout"
    )


def test_only_the_folders_asked_for_are_read(images: Path) -> None:
    write_language(images)
    (images / "unfinished").mkdir()
    assert load_languages(images, ["shout", "shout"]).ids == ("shout",)


def test_languages_are_found_by_id_and_alias_in_any_case(images: Path) -> None:
    write_language(images)
    write_language(images, "quiet", TOML.replace('["awk", "Loud"]', "[]"))
    registry = load_languages(images, ["quiet", "shout"])
    assert registry.ids == tuple(language.id for language in registry) == ("quiet", "shout")
    assert len(registry) == 2
    for name in ("shout", "SHOUT", "Awk", "loud"):
        found = registry.find(name)
        assert found is not None
        assert found.id == "shout"
    assert registry.find("Shout it") is None


def test_the_languages_we_ship_are_sound() -> None:
    registry = load_languages(DEFAULT_IMAGES_DIR, ["all"])
    owners = tuple(language.id for language in registry.owners)
    assert owners[:4] == ("c", "cpp", "java", "python")
    assert owners[4:] == tuple(sorted(owners[4:]))
    assert registry.ids[:3] == ("c", "c11", "c23")


def test_the_reference_names_every_key_and_its_example_loads(images: Path) -> None:
    text = (DEFAULT_IMAGES_DIR.parent / "docs" / "reference" / "language-toml.md").read_text()
    tables = {
        "source.": SourceTable,
        "compile.": CompileTable,
        "compile.server.": ServerTable,
        "pool.": PoolTable,
        "run.": RunTable,
        "limits.": LimitsTable,
        "memory_error.": MemoryErrorTable,
        "uncaught.": UncaughtTable,
        "samples.NAME.": SampleTable,
        "samples.NAME.limits.": SampleLimitsTable,
    }
    keys = {prefix + key for prefix, table in tables.items() for key in table.model_fields}
    keys |= LanguageFile.model_fields.keys() - {prefix.split(".")[0] for prefix in tables}
    keys -= {"compile.server", "samples.NAME.limits", "variants"}  # tables of their own
    assert {key for key in keys if f"\n| `{key}` |" not in text} == set()

    example = text.partition("```toml\n")[2].partition("```")[0]
    folder = write_language(images, "nim", example)
    (folder / "samples" / "hello.awk").unlink()
    for name in ("hello.nim", "echo.nim", "quits.nim"):
        (folder / "samples" / name).touch()
    assert load_languages(images, ["nim"]).ids == ("nim", "nim-debug")


def test_the_reference_names_every_convention_with_what_it_expects() -> None:
    text = (DEFAULT_IMAGES_DIR.parent / "docs" / "reference" / "language-toml.md").read_text()
    table = text.partition("## Samples")[2].partition("## Variants")[0]
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in table.splitlines()]
    documented = {row[0].strip("`"): row[2] for row in rows if row and row[0].startswith("`")}
    assert {name: row.status for name, row in CONVENTIONS.items()} == {
        name: re.findall("`([a-z_]+)`", cell)[0] for name, cell in documented.items()
    }


def test_a_language_may_not_have_the_name_of_one_of_our_own_images(images: Path) -> None:
    write_language(images, "base")
    with pytest.raises(ConfigurationError, match=r"^images/base: choose another name"):
        load_folders(images, ["base"])


def test_bytecode_that_an_installation_left_is_no_sample(tmp_path: Path) -> None:
    shutil.copytree(DEFAULT_IMAGES_DIR / "python", tmp_path / "images" / "python")
    samples = tmp_path / "images" / "python" / "samples"
    (before,) = load_folders(tmp_path / "images", ["python"])
    for folder in (samples, samples / "files"):
        assert folder.is_dir()
        (folder / "__pycache__").mkdir()
        (folder / "__pycache__" / "hello.cpython-311.pyc").write_bytes(b"\0")
    (after,) = load_folders(tmp_path / "images", ["python"])
    assert after.samples == before.samples
