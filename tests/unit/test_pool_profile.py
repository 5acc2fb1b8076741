from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ConfigurationError
from orchestrator.jobs.model import Limits, Submission
from orchestrator.jobs.plan import make_plan
from orchestrator.jobs.pool_profiles import make_pool_profiles
from orchestrator.languages.model import InstalledLanguage, PoolRule, ServerRule
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import SourceFile
from orchestrator.sandbox.pool_profile import PoolProfile, can_serve, fit_pool_sizes
from orchestrator.settings import load_settings
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import make_settings
from tests.sandbox_support import make_spec

REGISTRY = load_languages(DEFAULT_IMAGES_DIR, ("c", "python"))


def profiles(**sizes: tuple[int, int]) -> dict[str, PoolProfile]:
    return {name: PoolProfile(make_spec(), size, mb) for name, (size, mb) in sizes.items()}


@pytest.mark.parametrize(
    ("wanted", "memory_mb", "fitted"),
    [
        ({"a": (2, 12), "b": (2, 12)}, 48, {"a": 2, "b": 2}),
        ({"a": (2, 12), "b": (2, 12)}, 47, {"a": 2, "b": 1}),
        ({"a": (4, 12), "b": (1, 12)}, 36, {"a": 2, "b": 1}),
        ({"big": (2, 112), "a": (3, 12)}, 136, {"big": 1, "a": 2}),
        ({"a": (2, 12)}, 0, {"a": 0}),
        ({}, 100, {}),
    ],
)
def test_sizes_are_cut_in_turns_to_what_fits(
    wanted: dict[str, tuple[int, int]], memory_mb: int, fitted: dict[str, int]
) -> None:
    assert fit_pool_sizes(profiles(**wanted), memory_mb) == fitted


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 9), st.integers(1, 50))),
    st.integers(0, 300),
)
def test_the_profiles_sandboxes_fit_into_the_memory(
    wanted: dict[str, tuple[int, int]], memory_mb: int
) -> None:
    made = profiles(**wanted)
    sizes = fit_pool_sizes(made, memory_mb)
    spent = sum(sizes[name] * made[name].memory_mb for name in made)
    assert spent <= memory_mb
    assert all(sizes[name] <= made[name].size for name in made)
    left = [made[name].memory_mb for name in made if sizes[name] < made[name].size]
    assert all(spent + mb > memory_mb for mb in left)  # and nothing is left out that would fit


def image(name: str, **changes: Any) -> InstalledLanguage:
    language = REGISTRY.find(name)
    assert language is not None
    return InstalledLanguage(replace(language, **changes), "1", "sha256:0")


@pytest.mark.parametrize(
    ("pool", "sizes"),
    [
        ("", {"c": 3, "python": 0}),
        ("0", {}),
        ("2", {"c": 2, "python": 2}),
        ("python=4", {"c": 3, "python": 4}),
        (" python=4 , c=0 ", {"python": 4}),
    ],
)
def test_the_setting_goes_before_the_language_s_own_size(pool: str, sizes: dict[str, int]) -> None:
    installed = [
        image("c", pool=PoolRule(3)),
        image("c11", pool=PoolRule(3)),
        image("python", pool=PoolRule()),
    ]
    kept = make_pool_profiles(make_settings(pool=pool, pool_memory_mb=1000), installed)
    assert {name: each.size for name, each in kept.items()} == sizes


@pytest.mark.parametrize("pool", ["-1", "python", "python=", "=4", "2,3", "python=4;c=1", "a b=1"])
def test_a_pool_setting_that_says_nothing_stops_the_start(pool: str) -> None:
    with pytest.raises(ConfigurationError, match="setting POOL"):
        load_settings(pool=pool)


@pytest.mark.parametrize("name", ["c", "python"])
def test_a_pooled_sandbox_serves_a_job_with_default_limits_unchanged(name: str) -> None:
    settings = make_settings()
    (waiting,) = make_pool_profiles(settings, [image(name, pool=PoolRule(1))]).values()
    installed = image(name)
    asked = installed.language.limits
    submission = Submission(
        language=name,
        files=(SourceFile("main", b"text"),),
        limits=Limits(1000, 1000, asked.memory_mb, 1000, asked.processes),
    )
    job = make_plan("job", submission, installed, settings).sandbox
    assert can_serve(waiting.spec, job)
    assert (waiting.spec.memory_bytes, waiting.spec.processes) == (job.memory_bytes, job.processes)
    assert waiting.spec.lifetime_s > settings.pool_max_age + job.lifetime_s


@pytest.mark.parametrize(("server", "argv"), [("on", ("compiler",)), ("off", ())])
def test_a_compile_server_is_counted_where_it_is_wanted(server: str, argv: tuple[str, ...]) -> None:
    installed = [image("c", pool=PoolRule(1, 12), server=ServerRule(("compiler",), {}, 90))]
    (made,) = make_pool_profiles(make_settings(compile_server=server), installed).values()
    assert (made.server, made.memory_mb) == (argv, 102 if argv else 12)
    assert bool(made.server_env) == bool(argv)


@pytest.mark.parametrize(("machine_mb", "uses"), [(2048, False), (2049, True)])
def test_compile_servers_are_for_machines_with_memory_to_spare(
    monkeypatch: pytest.MonkeyPatch,
    machine_mb: int,
    uses: bool,  # noqa: FBT001 - a column
) -> None:
    monkeypatch.setattr("orchestrator.settings.engine.machine_memory_mb", lambda: machine_mb)
    settings = make_settings()
    assert settings.uses_compile_servers is uses
    assert settings.pool_budget == machine_mb // 8
