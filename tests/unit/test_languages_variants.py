"""Variants: other languages on a folder's image, and the samples of each."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ConfigurationError
from orchestrator.languages.definition import merge, parse_files, parse_languages
from orchestrator.languages.model import CommandRule, PoolRule, SampleLimits
from orchestrator.languages.registry import folder_ids, load_folder, load_languages
from orchestrator.languages.samples import CONVENTIONS, expected_names
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.languages_support import TOML, write_language

FOLDER = Path("images/shout")
COMPILED = TOML.replace(
    "[limits]",
    '[compile]\ncommand = ["cc", "{fast}", "{sources}"]\nfast = ["-p"]\n'
    'env = { A = "1", B = "2" }\n'
    "[pool]\nsize = 2\nmemory_mb = 20\n[limits]",
)
QUIET = """
[variants.quiet]
name = "Quiet"
aliases = ["hush"]
compile.fast = ["-q"]
compile.env = { B = "3" }
limits.memory_mb = 128
"""


def message(toml: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        parse_languages(toml, FOLDER)
    return str(caught.value).removeprefix("images/shout/language.toml: ")


def test_a_variant_takes_over_what_it_does_not_replace() -> None:
    own, quiet = parse_languages(COMPILED + QUIET, FOLDER)
    assert (quiet.id, quiet.name, quiet.aliases) == ("quiet", "Quiet", ("hush",))
    assert quiet.compile == CommandRule(
        ("cc", "{fast}", "{sources}"), {"A": "1", "B": "3"}, ("-q",)
    )
    assert (quiet.limits.memory_mb, quiet.limits.processes) == (128, 8)
    assert quiet.pool == PoolRule(0, 20)
    assert own.pool == PoolRule(2, 20)
    assert quiet.run == own.run
    assert quiet.image == own.image == "codebae-runner/shout:current"
    assert quiet.image_owner == own.image_owner == own.id == "shout"


def test_a_variant_may_ask_for_a_pool() -> None:
    assert parse_languages(COMPILED + QUIET + "pool.size = 1\n", FOLDER)[1].pool.size == 1


@pytest.mark.parametrize(
    ("addition", "expected"),
    [
        ("compile.comand = []", "variants.quiet.compile.comand: unknown key"),
        ("comple = 1", "variants.quiet.comple: unknown key"),
        ("version = ['x']", "variants.quiet.version: unknown key"),
        ("id = 'other'", "variants.quiet.id: unknown key"),
        ("variants.a.name = 'a'", "variants.quiet.variants: unknown key"),
        ("run = 3", "variants.quiet.run: should be a valid dictionary"),
        ("compile.command = ['cc']", "variants.quiet.compile: fast needs {fast} once in command"),
        ("[variants.Loud]", "variants.Loud: String should match pattern"),
        ("[variants.shout]\nname = 'x'", "variants.shout.id: 'shout' already belongs to shout"),
        ("[variants.awk]\nname = 'x'", "variants.awk.id: 'awk' already belongs to shout"),
        ("[variants.hush]\nname = 'x'", "variants.hush.id: 'hush' already belongs to quiet"),
        (
            "[variants.x]\nname = 'x'\naliases = ['LOUD']",
            "variants.x.aliases: 'LOUD' already belongs to shout",
        ),
        ("[variants.x]", "variants.x.name: missing"),
        ("[variants]\nx = 3", "variants.x: should be a valid dictionary"),
    ],
)
def test_a_mistake_in_a_variant_is_named_with_its_whole_key(addition: str, expected: str) -> None:
    assert message(f"{COMPILED}{QUIET}{addition}\n").startswith(expected)


def test_a_variant_may_not_have_a_name_of_another_folder(tmp_path: Path) -> None:
    images = tmp_path / "images"
    write_language(images, toml=COMPILED + QUIET)
    write_language(images, "hush", TOML.replace('aliases = ["awk", "Loud"]', ""))
    with pytest.raises(ConfigurationError, match=r"images/hush/language.toml: id: 'hush' already"):
        load_languages(images, ["shout", "hush"])
    with pytest.raises(ConfigurationError) as caught:
        load_languages(images, ["hush", "shout"])
    assert str(caught.value) == (
        "images/shout/language.toml: variants.quiet.aliases: 'hush' already belongs to hush"
    )


tables = st.recursive(
    st.integers(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=8
).filter(lambda value: isinstance(value, dict))


@given(tables, tables)
def test_a_merge_has_every_change_and_every_other_key(base: dict[str, object], new: object) -> None:
    assert isinstance(new, dict)
    merged = merge(base, new)
    assert merged.keys() == base.keys() | new.keys()
    for key, value in merged.items():
        old, change = base.get(key), new.get(key)
        if isinstance(old, dict) and isinstance(change, dict):
            assert value == merge(old, change)
        else:
            assert value == (change if key in new else old)
    assert merge(merged, new) == merged


def test_samples_of_a_folder_and_of_its_variants(tmp_path: Path) -> None:
    toml = (
        TOML.replace("hello =", "two = { limits = { cpu_ms = 7 } }\nhello =")
        + "time_limit = { limits = { cpu_ms = 9 } }\n"
        + "[variants.quiet]\nname = 'Quiet'\nsamples.own = { input = 'x' }\n"
        + "[variants.mute]\nname = 'Mute'\n"
    )
    samples = write_language(tmp_path / "images", toml=toml) / "samples"
    (samples / "quiet").mkdir()
    (samples / "two" / "deep").mkdir(parents=True)
    for name in ("time_limit.awk", "quiet/own.awk", "two/main.awk", "two/a.awk", "two/deep/b.txt"):
        (samples / name).write_text(name)
    folder = load_folder(tmp_path / "images", "shout")
    assert [(sample.language, sample.name) for sample in folder.samples] == [
        ("shout", "hello"),
        ("shout", "time_limit"),
        ("shout", "two"),
        ("quiet", "hello"),
        ("quiet", "own"),
        ("mute", "hello"),
    ]
    hello, time_limit, two, *_, last = folder.samples
    assert (time_limit.status, time_limit.limits) == ("time_limit", SampleLimits(cpu_ms=9))
    assert [(file.path, file.content) for file in two.files] == [
        ("main.awk", b"two/main.awk"),
        ("a.awk", b"two/a.awk"),
        ("deep/b.txt", b"two/deep/b.txt"),
    ]
    assert two.limits == SampleLimits(cpu_ms=7)
    assert (last.files, last.stdout) == (hello.files, "HELLO\n")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("samples/hello.txt", "samples.hello: is both hello.awk and hello.txt"),
        ("samples/echo.txt", "samples.echo: samples/echo.txt ends in none of the extensions"),
        ("samples/files/a.awk", "samples.files: there is no main.awk in samples/files/"),
        ("samples/quiet/a.awk", "samples.quiet: samples/quiet is there, but not what comes of it"),
    ],
)
def test_files_that_are_no_samples_are_refused(tmp_path: Path, path: str, expected: str) -> None:
    file = write_language(tmp_path / "images") / path
    file.parent.mkdir(exist_ok=True)
    file.touch()
    with pytest.raises(ConfigurationError) as caught:
        load_folder(tmp_path / "images", "shout")
    assert str(caught.value) == f"images/shout/language.toml: {expected}"


@pytest.mark.parametrize("language_id", folder_ids(DEFAULT_IMAGES_DIR))
def test_the_languages_we_ship_have_every_sample_or_say_why_not(language_id: str) -> None:
    folder = load_folder(DEFAULT_IMAGES_DIR, language_id)
    own = folder.languages[0]
    said = parse_files(folder.toml, folder.path)[0].samples
    absent = {name for name, table in said.items() if table.absent is not None}
    there = {sample.name for sample in folder.samples if sample.language == own.id}
    expected = set(expected_names(compiled=own.compile is not None))
    assert expected - there == absent
    assert not (there & set(CONVENTIONS)) - expected


@pytest.mark.parametrize("language_id", folder_ids(DEFAULT_IMAGES_DIR))
def test_a_language_we_ship_is_thirty_lines(language_id: str) -> None:
    folder = DEFAULT_IMAGES_DIR / language_id
    texts = [(folder / name).read_text() for name in ("Dockerfile", "language.toml")]
    lines = [line for text in texts for line in text.splitlines() if line.strip()]
    tuned = {"c", "cpp", "java"}
    assert language_id in tuned or len(lines) < 30
