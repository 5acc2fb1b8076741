"""Settings that contradict one another, and names that are none."""

from __future__ import annotations

from pathlib import Path

import pytest

from orchestrator.errors import ConfigurationError
from orchestrator.settings import Settings, load_settings
from orchestrator.settings.consistency import LESS, WITHIN, crowded, overruled
from orchestrator.settings.unread import INSTEAD, names_in, nearest, unread

KNOWN = {name.upper() for name in Settings.model_fields}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in KNOWN:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("inner", "outer"), WITHIN)
def test_what_does_not_fit_into_another_stops_the_start(
    monkeypatch: pytest.MonkeyPatch, inner: str, outer: str
) -> None:
    bound = getattr(Settings(), outer)
    monkeypatch.setenv(inner.upper(), str(min(bound, 65_536)))
    load_settings()
    monkeypatch.setenv(outer.upper(), str(bound))
    monkeypatch.setenv(inner.upper(), str(bound + 1))
    if inner == "max_args_size":  # its own bound is below
        monkeypatch.setenv(inner.upper(), "65536")
        monkeypatch.setenv(outer.upper(), "65535")
    message = f"settings: {inner.upper()} is larger than {outer.upper()}"
    with pytest.raises(ConfigurationError, match=message):
        load_settings()


def test_a_default_follows_the_bound_that_was_lowered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MAX_BODY_SIZE", "1000")
    monkeypatch.setenv("MAX_RETURNED_OUTPUT", "1000")
    assert load_settings().max_body_size == 1000


def remarks(monkeypatch: pytest.MonkeyPatch, **settings: str) -> list[str]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    loaded = load_settings()
    return list(overruled(vars(loaded), loaded.model_fields_set))


@pytest.mark.parametrize(("name", "bound", "factor"), LESS)
def test_a_setting_above_its_bound_is_remarked_on(
    monkeypatch: pytest.MonkeyPatch, name: str, bound: str, factor: int
) -> None:
    most = getattr(Settings(), bound) * factor
    assert remarks(monkeypatch, **{name.upper(): str(most)}) == []
    (remark,) = remarks(monkeypatch, **{name.upper(): str(most + 1)})
    assert remark == f"{name.upper()} is larger than {bound.upper()}, which counts instead"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({}, ""),
        ({"MAX_OUTPUT_SIZE": "5000000"}, "MAX_TEST_OUTPUT_SIZE"),
        ({"MAX_OUTPUT_SIZE": "4000000"}, ""),
        ({"MEMORY_BUDGET_MB": "300", "MAX_MEMORY_MB": "400"}, "MEMORY_BUDGET_MB"),
        ({"MEMORY_BUDGET_MB": "300"}, ""),
        ({"ENGINE_PATIENCE": "1"}, "ENGINE_INTERVAL"),
        ({"ENGINE_PATIENCE": "0"}, ""),
        ({"COMPILE_SERVER": "on", "POOL": "0"}, "POOL=0"),
        ({"COMPILE_SERVER": "on", "POOL": "java=1"}, ""),
        ({"IMAGE_REGISTRY": "registry.example/x"}, "ENGINE=embedded"),
        ({"IMAGE_REGISTRY": "registry.example/x", "ENGINE": "embedded"}, ""),
    ],
)
def test_a_setting_without_its_full_effect_is_remarked_on(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], word: str
) -> None:
    found = remarks(monkeypatch, **settings)
    assert (len(found), word in "".join(found)) == (bool(word), True)


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("MAX_JOB", "MAX_JOBS"),
        ("max_job", "MAX_JOBS"),
        ("API_KEYS", "API_KEY"),
        ("MAX_OUTPUT", "MAX_OUTPUT_SIZE"),
        ("EXECUTION_TIMEOT", "EXECUTION_TIMEOUT"),
        ("PISTON_RUN_TIMEOUTS", "PISTON_RUN_TIMEOUT"),
        ("PISTON_LOG_LEVEL", "LOG_LEVEL"),
        ("PISTON_BIND_ADDRESS", "HOST and PORT"),
    ],
)
def test_a_typo_is_told_with_what_is_meant(name: str, meant: str) -> None:
    assert unread([name], [], KNOWN) == [f"{name} is not read; {meant} is"]
    assert unread([], [name], KNOWN) == [f".env: {name} is not read; {meant} is"]


@pytest.mark.parametrize(
    "name",
    ["LANGUAGE", "PATH", "HOSTS", "HOME", "LOGNAME", "HOSTNAME", "SHLVL", "max_jobs", "PORT"],
)
def test_other_programs_variables_are_none_of_ours(name: str) -> None:
    assert unread([name], [], KNOWN) == []


def test_an_env_file_is_ours_but_for_what_compose_reads() -> None:
    text = "MAX_JOBS=1\n# X=1\nexport  FOO = 2\nDOCKER_SOCKET=/x\nCOMPOSE_FILE=y\nno line\n"
    assert names_in(text) == ["MAX_JOBS", "FOO", "DOCKER_SOCKET", "COMPOSE_FILE"]
    assert unread([], names_in(text), KNOWN) == [".env: FOO is not read"]


def test_a_line_of_a_longer_value_is_not_told() -> None:
    text = 'CERTIFICATE="-----BEGIN\nZGlzY3JlZXQgcGFydA==\n"\nMax_Job=4\n'
    assert unread([], names_in(text), KNOWN) == [
        ".env: CERTIFICATE is not read",
        ".env: Max_Job is not read; MAX_JOBS is",
    ]


def test_no_setting_is_taken_for_another_and_what_stands_for_piston_s_is_there() -> None:
    assert unread(KNOWN, KNOWN, KNOWN) == []
    assert not set(INSTEAD) & KNOWN
    named = {word for text in INSTEAD.values() for word in text.split() if word.isupper()}
    assert named <= KNOWN
    assert nearest("SOMETHING_ELSE", KNOWN) == ""


@pytest.mark.parametrize(("slots", "cpus", "is_told"), [(4, 2, False), (6, 2, False), (7, 2, True)])
def test_more_jobs_than_cpus_can_serve_are_told(slots: int, cpus: int, *, is_told: bool) -> None:
    assert len(list(crowded(slots, cpus))) == is_told


def test_by_default_a_full_machine_is_not_crowded() -> None:
    settings = Settings()
    assert list(crowded(settings.slots, settings.cpus)) == []
