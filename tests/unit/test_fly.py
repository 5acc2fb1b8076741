"""fly.toml says what settings.py says, on the machine that it orders itself."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from codebae_runner_client._async import DEADLINE_S

from orchestrator.app import build_app
from orchestrator.cli.serve import SHUTDOWN_S
from orchestrator.embedded.engine import STOP_S
from orchestrator.settings import Settings
from orchestrator.settings import engine as engine_settings
from tests.image.container import RIGHTS

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "clients"
UNITS = {"s": 1, "m": 60}
REMOVAL_S = 5
"""For the last sandboxes' containers."""


def seconds(text: str) -> int:
    """What Fly means by `45s`."""
    found = re.fullmatch(r"(\d+)([sm])", text)
    assert found, text
    return int(found[1]) * UNITS[found[2]]


def megabytes(text: str) -> int:
    found = re.fullmatch(r"(\d+)(mb|gb)", text)
    assert found, text
    return int(found[1]) * {"mb": 1, "gb": 1024}[found[2]]


@pytest.fixture(scope="module")
def fly() -> dict[str, Any]:
    return tomllib.loads((ROOT / "fly.toml").read_text())


def image_environment() -> dict[str, str]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    (line,) = re.findall(r"^ENV (.*)$", text, re.MULTILINE)
    return dict(pair.split("=", 1) for pair in line.split())


@pytest.fixture
def settings(fly: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Settings:
    """The service's, in the image, on that machine."""
    monkeypatch.chdir(tmp_path)
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    known = {name.upper() for name in Settings.model_fields}
    assert fly["env"].keys() <= known
    for name, value in (image_environment() | fly["env"]).items():
        if name in known:
            monkeypatch.setenv(name, value)
    (vm,) = fly["vm"]
    monkeypatch.setattr(engine_settings, "container_memory_mb", lambda: megabytes(vm["memory"]))
    monkeypatch.setattr(engine_settings, "container_cpus", lambda: vm["cpus"])
    return Settings()


def test_fly_toml_orders_the_machine_that_the_service_is_made_for(fly: dict[str, Any]) -> None:
    assert fly["vm"] == [{"cpu_kind": "shared", "cpus": 2, "memory": "1gb"}]
    assert fly["swap_size_mb"] == 512
    assert fly["deploy"]["strategy"] == "rolling"
    assert (ROOT / fly["build"]["dockerfile"]).is_file()


def test_the_port_is_the_server_s(fly: dict[str, Any], settings: Settings) -> None:
    assert fly["http_service"]["internal_port"] == settings.port
    assert settings.host == "0.0.0.0"


def test_machines_stop_and_start_by_themselves_but_one(fly: dict[str, Any]) -> None:
    service = fly["http_service"]
    assert service["auto_stop_machines"] == "stop"
    assert service["auto_start_machines"] is True
    assert service["min_machines_running"] == 1
    assert service["force_https"] is True


def test_the_soft_limit_is_the_slots_and_the_hard_one_leaves_the_429_to_us(
    fly: dict[str, Any], settings: Settings
) -> None:
    limits = fly["http_service"]["concurrency"]
    assert limits["type"] == "requests"
    assert limits["soft_limit"] == settings.slots
    assert limits["hard_limit"] > settings.slots + settings.max_queue


def test_the_health_check_gives_a_start_its_time(fly: dict[str, Any], settings: Settings) -> None:
    (check,) = fly["http_service"]["checks"]
    routes = build_app(settings).router.routes()
    assert check["path"] in {route.resource.canonical for route in routes if route.resource}
    assert check["method"] == "GET"
    assert seconds(check["timeout"]) < seconds(check["interval"])
    assert seconds(check["grace_period"]) >= 30  # as long as a second start may take
    assert seconds(check["grace_period"]) <= 60  # Fly lowers what is more
    assert seconds(fly["deploy"]["wait_timeout"]) >= 20 * 60  # a first start, throttled: 18.6 min


def test_silence_lasts_as_long_as_a_job_may_and_as_the_clients_wait(
    fly: dict[str, Any], settings: Settings
) -> None:
    patience_s = fly["http_service"]["http_options"]["idle_timeout"]
    assert patience_s > settings.max_job_ms / 1000
    (js,) = re.findall(r"timeoutMs \?\? (\w+)", (CLIENTS / "js/src/config.ts").read_text())
    assert patience_s > max(int(js) / 1000, DEADLINE_S)


def test_the_site_gives_up_before_its_function_is_ended() -> None:
    site = CLIENTS / "nextjs/src"
    client = (site / "lib/execution-client.js").read_text()
    (patience_ms,) = re.findall(r"^const PATIENCE_MS = (\w+);", client, re.MULTILINE)
    assert "timeoutMs: PATIENCE_MS" in client
    routes = [each.read_text() for each in site.glob("app/api/*/route.js")]
    most = [
        re.findall(r"^export const maxDuration = (\d+);", each, re.MULTILINE) for each in routes
    ]
    assert len(most) == 2
    for (each,) in most:
        assert int(patience_ms) + 2000 < int(each) * 1000


def test_there_is_time_to_drain(fly: dict[str, Any], settings: Settings) -> None:
    assert fly["kill_signal"] == "SIGTERM"
    needed = settings.drain_timeout + 2 * SHUTDOWN_S + STOP_S + REMOVAL_S
    assert seconds(fly["kill_timeout"]) >= needed
    assert seconds(fly["kill_timeout"]) <= 300  # Fly's own most


def test_what_must_last_is_on_the_volume(fly: dict[str, Any], settings: Settings) -> None:
    (mount,) = fly["mounts"]
    volume = Path(mount["destination"])
    assert settings.engine_data_root.is_relative_to(volume)
    assert settings.state_dir.is_relative_to(volume)
    assert megabytes(mount["initial_size"]) > 2 * settings.build_min_disk_mb
    assert (
        f"VOLUME_GB={megabytes(mount['initial_size']) // 1024}\n"
        in (ROOT / "deploy.sh").read_text()
    )
    assert f'"{mount["source"]}"' in (ROOT / "deploy.sh").read_text()


def test_the_image_has_the_engine_inside(settings: Settings) -> None:
    assert settings.is_embedded
    assert settings.base_image_tar == "/app/debian.tar.xz"


def test_one_job_of_the_largest_size_fits(settings: Settings) -> None:
    assert settings.memory_budget >= settings.max_memory_mb
    left = settings.total_memory_mb - settings.memory_budget - settings.pool_budget
    assert left >= 160 + 90  # what engine and server were measured to need


def test_compose_gives_the_same_machine(fly: dict[str, Any]) -> None:
    text = (ROOT / "compose.yaml").read_text()
    (vm,) = fly["vm"]
    assert f"cpus: {vm['cpus']}\n" in text
    assert f"mem_limit: {vm['memory'].removesuffix('b')}\n" in text
    assert f"memswap_limit: {megabytes(vm['memory']) + fly['swap_size_mb']}m\n" in text
    assert f"stop_grace_period: {fly['kill_timeout']}\n" in text


def test_compose_gives_the_rights_that_were_tried() -> None:
    text = (ROOT / "compose.yaml").read_text()
    assert "privileged: " not in text
    for right in RIGHTS:
        _, _, value = right.partition("=")
        assert value.replace("=", ":") in text, right
