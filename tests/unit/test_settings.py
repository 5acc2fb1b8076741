from __future__ import annotations

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from orchestrator.errors import ConfigurationError
from orchestrator.settings import Settings, load_settings


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("PORT", "none", "setting PORT: Input should be a valid integer"),
        ("PORT", "70000", "setting PORT: Input should be less than or equal to 65535"),
        ("MAX_CODE_SIZE", "0", "setting MAX_CODE_SIZE: Input should be greater than or equal to 1"),
        ("MAX_QUEUE", "-1", "setting MAX_QUEUE: Input should be greater than or equal to 0"),
        ("LOG_LEVEL", "loud", "setting LOG_LEVEL: String should match pattern"),
        ("DOCKER_HOST", "tcp://engine:2375", "setting DOCKER_HOST: only a unix:// socket"),
        ("JOB_CPUS", "0.001", "setting JOB_CPUS: 0 (the default) or at least 0.01"),
        ("EXECUTION_TIMEOUT", "60001", "EXECUTION_TIMEOUT is larger than MAX_TIMEOUT"),
        (
            "MAX_JOB_MS",
            "99999",
            "MAX_TIMEOUT (40000 by default + 60000): raise it to 100000, or lower one of these",
        ),
        ("MAX_JOB_MS", "70000", "MAX_JOB_MS (70000) is less than COMPILE_WALL_MS + MAX_TIMEOUT"),
        ("COMPILE_WALL_MS", "60001", "(60001 + 60000): raise it to 120001"),
        ("COMPILE_CPU_MS", "15001", "(60004 by default + 60000): raise it to 120004"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, message: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError) as raised:
        load_settings()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_one_key_can_t_be_a_job_s_and_an_admin_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "mine, shared-secret")
    monkeypatch.setenv("ADMIN_KEY", "shared-secret ,other")
    with pytest.raises(ConfigurationError, match="ADMIN_KEY and API_KEY share a key") as raised:
        load_settings()
    assert "shared-secret" not in str(raised.value)
    monkeypatch.setenv("API_KEY", "mine,,")
    monkeypatch.setenv("ADMIN_KEY", ",other,")
    assert load_settings().admin_keys == ("other",)


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, 40_000),
        ({"COMPILE_CPU_MS": "500"}, 40_000),
        ({"COMPILE_CPU_MS": "15000"}, 60_000),
        ({"COMPILE_WALL_MS": "3000"}, 3000),
        ({"COMPILE_CPU_MS": "15000", "COMPILE_WALL_MS": "20000"}, 20_000),
    ],
)
def test_a_compile_s_wall_time_has_slack_for_a_busy_machine_unless_it_is_set(
    monkeypatch: pytest.MonkeyPatch, settings: dict[str, str], expected: int
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert load_settings().compile_wall == expected


def test_settings_come_from_the_environment_before_the_env_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=4000\nAPI_KEY=from-file\n")
    monkeypatch.setenv("PORT", "5000")
    settings = load_settings()
    assert (settings.port, settings.api_keys) == (5000, ("from-file",))


def test_an_env_file_that_is_no_text_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"PORT=\xff\xfe")
    with pytest.raises(ConfigurationError, match=r"^\.env can't be read: "):
        load_settings()


def test_an_env_file_of_another_user_is_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("PORT=1")

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied", ".env")

    monkeypatch.setattr("dotenv.main.open", refuse, raising=False)
    with pytest.raises(ConfigurationError, match=r"^\.env can't be read: .*Permission denied"):
        load_settings()


def test_an_empty_variable_means_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "")
    assert load_settings().port == 3000


def test_lists_are_split_at_commas_and_blanks_do_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("API_KEY", " one, ,two,")
    monkeypatch.setenv("LANGUAGES", "c, python")
    settings = load_settings()
    assert settings.api_keys == ("one", "two")
    assert settings.language_ids == ("c", "python")


def test_keys_do_not_show_in_a_printed_settings_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("API_KEY", "very-secret")
    assert "very-secret" not in repr(load_settings())


def test_a_default_of_zero_is_resolved_by_the_machine() -> None:
    cores = os.cpu_count() or 1
    settings = load_settings()
    assert settings.cpus_per_job == min(2, cores)
    assert settings.slots == 2 * cores
    assert settings.memory_budget > 0


def test_what_is_named_is_taken_and_never_more_cpus_than_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("JOB_CPUS", "200")
    monkeypatch.setenv("MAX_JOBS", "7")
    monkeypatch.setenv("MEMORY_BUDGET_MB", "900")
    settings = load_settings()
    assert settings.cpus_per_job == os.cpu_count()
    assert (settings.slots, settings.memory_budget) == (7, 900)


def test_settings_can_t_be_changed() -> None:
    with pytest.raises(ValidationError):
        load_settings().port = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("memory_mb", "cpus", "budget_mb", "slots"),
    [
        (16_384, 8, 12_288, 16),  # CPUs are what is scarce
        (1536, 2, 1152, 4),
        (1024, 2, 640, 4),
        (1024, 8, 640, 5),  # memory is
        (768, 2, 384, 3),
        (256, 2, 128, 1),  # a start with any language says that it is not enough
    ],
)
def test_jobs_at_once_follow_cpus_and_memory_less_what_engine_and_server_need(
    monkeypatch: pytest.MonkeyPatch, memory_mb: int, cpus: int, budget_mb: int, slots: int
) -> None:
    monkeypatch.setattr("orchestrator.settings.engine.container_memory_mb", lambda: memory_mb)
    monkeypatch.setattr("orchestrator.settings.engine.container_cpus", lambda: cpus)
    monkeypatch.setenv("ENGINE", "embedded")
    settings = load_settings()
    assert (settings.memory_budget, settings.slots) == (budget_mb, slots)
    assert settings.cpus_per_job == min(2, cpus)
    monkeypatch.setenv("MAX_JOBS", "9")
    monkeypatch.setenv("MEMORY_BUDGET_MB", "700")
    assert (load_settings().memory_budget, load_settings().slots) == (700, 9)


def test_an_engine_elsewhere_is_not_bounded_by_our_container(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("orchestrator.settings.engine.container_memory_mb", lambda: 64)
    monkeypatch.setattr("orchestrator.settings.engine.container_cpus", lambda: 1)
    monkeypatch.setattr("orchestrator.settings.engine.machine_memory_mb", lambda: 8192)
    assert load_settings().memory_budget == 6144
