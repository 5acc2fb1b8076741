"""What tags and labels say, and the order in which tags move."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.errors import ContainerNotFoundError, EngineError, NoPreviousImageError
from orchestrator.images.store import (
    ImageStore,
    LanguageImage,
    LanguageImages,
    Move,
    promotion,
    read_images,
    swap,
)
from orchestrator.images.tags import MARK_IMAGE, image_name
from tests.languages_support import FakeEngine

LABELS = {"codebae.language": "shout", "codebae.version": "1.2", "codebae.source": "s"}


@pytest.fixture
async def engine() -> AsyncIterator[FakeEngine]:
    fake = FakeEngine()
    fake.api.images[MARK_IMAGE] = image("agent")
    yield fake
    await fake.close()


@pytest.fixture
def store(engine: FakeEngine) -> ImageStore:
    return ImageStore(engine)


def image(digest: str, *, created: int = 7, **labels: str) -> dict[str, Any]:
    return {"Id": digest, "Size": 5, "Created": created, "Config": {"Labels": labels or None}}


def have(engine: FakeEngine, *tags: str, **digests: str) -> None:
    """Give `shout` images: by digest the one tag it has; or a digest alone, without a tag."""
    for digest in tags:
        engine.api.images.unnamed[digest] = image(digest, **LABELS)
    for tag, digest in digests.items():
        engine.api.images[image_name("shout", tag)] = image(digest, **LABELS)


def tags_of(engine: FakeEngine) -> dict[str, str]:
    names = {name: each["Id"] for name, each in engine.api.images.items() if "/shout:" in name}
    return {name.partition(":")[2]: digest for name, digest in names.items()}


def listed(*names: str, **labels: str) -> dict[str, Any]:
    return {"Id": "sha256:a", "Size": 5, "Created": 7, "Labels": labels, "RepoTags": list(names)}


def labels_for(language_id: str) -> dict[str, str]:
    return {"codebae.language": language_id, "codebae.version": "1.2"}


def test_an_engine_s_listing_is_read() -> None:
    shout = {**labels_for("shout"), "codebae.source": "s", "codebae.definition": "d"}
    found = LanguageImage("sha256:a", "1.2", "s", "d", 5, 7)
    assert read_images(
        [
            listed("codebae-runner/shout:current", "codebae-runner/shout:previous", **shout),
            listed("codebae-runner/z:previous", **labels_for("z")),
            listed("codebae-runner/z:current", **labels_for("another")),
            listed("codebae-runner/y:current", **{"codebae.language": "y"}),
            listed("codebae-runner/base:current", **{"codebae.source": "s"}),
            listed("codebae-runner/x:candidate", "codebae-runner/x:toolchain", **labels_for("x")),
            {**listed("codebae-runner/agent:current", "codebae-runner/z:enabled"), "Labels": None},
            listed("codebae-runner/w:disabled"),
            {**listed(), "RepoTags": None},
        ]
    ) == {
        "shout": LanguageImages("shout", found, found),
        "w": LanguageImages("w", is_disabled=True),
        "x": LanguageImages("x", candidate=LanguageImage("sha256:a", "1.2", "", "", 5, 7)),
        "z": LanguageImages(
            "z", None, LanguageImage("sha256:a", "1.2", "", "", 5, 7), is_enabled=True
        ),
    }


async def test_the_store_reads_all_images_with_one_call(
    engine: FakeEngine, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(engine, current="a", previous="b")
    monkeypatch.setattr(engine.api, "inspect_image", None)
    read = await store.read()
    assert list(read) == ["shout"]
    assert read["shout"].current == LanguageImage("a", "1.2", "s", "", 5, 7)
    assert read["shout"].previous == LanguageImage("b", "1.2", "s", "", 5, 7)


async def test_a_promotion_keeps_the_old_image_for_a_rollback(
    engine: FakeEngine, store: ImageStore
) -> None:
    have(engine, candidate="a")
    await store.promote("shout", "a")
    assert tags_of(engine) == {"current": "a"}
    have(engine, candidate="b")
    await store.promote("shout", "b")
    assert tags_of(engine) == {"current": "b", "previous": "a"}
    have(engine, candidate="b")
    await store.promote("shout", "b")
    assert tags_of(engine) == {"current": "b", "previous": "a"}
    await store.rollback("shout")
    assert tags_of(engine) == {"current": "a", "previous": "b"}
    await store.rollback("shout")
    assert tags_of(engine) == {"current": "b", "previous": "a"}


@pytest.mark.parametrize("tags", [{}, {"current": "a"}, {"current": "a", "previous": "a"}])
async def test_a_rollback_to_nothing_is_refused(
    engine: FakeEngine, store: ImageStore, tags: dict[str, str]
) -> None:
    have(engine, **tags)
    with pytest.raises(
        NoPreviousImageError, match=r"^shout: there is no previous image to go back"
    ):
        await store.rollback("shout")
    assert tags_of(engine) == tags


async def test_a_rollback_where_somebody_took_the_current_image_away(
    engine: FakeEngine, store: ImageStore
) -> None:
    have(engine, previous="a")
    await store.rollback("shout")
    assert tags_of(engine)["current"] == "a"


async def test_what_is_not_the_language_s_is_not_promoted_and_not_gone_back_to(
    engine: FakeEngine, store: ImageStore
) -> None:
    have(engine, current="a")
    before = tags_of(engine)
    engine.api.images["codebae-runner/other:candidate"] = image("b", **labels_for("other"))
    with pytest.raises(EngineError, match=r"^b is no image of the language shout$"):
        await store.promote("shout", "b")
    with pytest.raises(ContainerNotFoundError):
        await store.promote("shout", "c")
    engine.api.images[image_name("shout", "previous")] = image("d")
    with pytest.raises(NoPreviousImageError):
        await store.rollback("shout")
    assert tags_of(engine) == {**before, "previous": "d"}


async def test_enabling_and_disabling_replace_each_other_s_mark(
    engine: FakeEngine, store: ImageStore
) -> None:
    async def marks() -> tuple[bool, bool]:
        images = (await store.read()).get("shout", LanguageImages("shout"))
        return images.is_enabled, images.is_disabled

    for _ in range(2):
        await store.enable("shout")
        assert await marks() == (True, False)
    for _ in range(2):
        await store.disable("shout")
        assert await marks() == (False, True)
    await store.enable("shout")
    assert await marks() == (True, False)
    assert MARK_IMAGE in engine.api.images


async def test_a_candidate_goes_even_while_a_container_uses_it(
    engine: FakeEngine, store: ImageStore
) -> None:
    await store.drop_candidate("shout")
    have(engine, current="a", candidate="b")
    engine.api.in_use.add("b")
    await store.drop_candidate("shout")
    assert tags_of(engine) == {"current": "a"}
    assert await store.collect() == []
    engine.api.in_use.clear()
    assert await store.collect() == ["b"]
    assert not engine.api.images.unnamed


async def test_only_language_images_without_a_tag_are_collected(
    engine: FakeEngine, store: ImageStore
) -> None:
    have(engine, "old", "used", "kept", current="a", previous="b", candidate="c", toolchain="d")
    engine.api.images.unnamed["foreign"] = image("foreign", some="label")
    engine.api.images.unnamed["other"] = image("other", **labels_for("other"))
    engine.api.in_use.add("used")
    assert sorted(await store.collect({"kept"})) == ["old", "other"]
    assert set(engine.api.images.unnamed) == {"used", "kept", "foreign"}
    assert len(tags_of(engine)) == 4


async def test_what_may_be_a_step_of_somebody_s_build_is_left(
    engine: FakeEngine, store: ImageStore
) -> None:
    have(engine, "old", "new", current="a")
    engine.api.images.unnamed["new"]["Created"] = int(time.time()) - 60
    assert await store.collect() == ["old"]
    assert await store.collect(older_than_s=0) == ["new"]
    have(engine, "known", current="a")
    assert await store.remove("known")
    assert not await store.remove("a")


async def test_an_image_that_gets_a_tag_just_before_it_would_go_stays(
    engine: FakeEngine, store: ImageStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    have(engine, "a", "gone")
    remembered = engine.api.images(filters={"label": ["codebae.language"], "dangling": ["true"]})
    have(engine, candidate="a")
    del engine.api.images.unnamed["a"], engine.api.images.unnamed["gone"]
    monkeypatch.setattr(type(engine.api.images), "__call__", lambda *_, **__: remembered)
    assert await store.collect() == ["gone"]
    assert tags_of(engine) == {"candidate": "a"}


class Interrupted(Exception):  # noqa: N818 - stands for kill -9
    pass


Tags = dict[str, str]
Plan = Callable[[Tags], Sequence[Move]]


def play(tags: Tags, moves: Sequence[Move]) -> None:
    for tag, target in moves:
        if target is None:
            tags.pop(tag, None)
        else:
            assert target in tags.values(), "an image that no tag holds may be gone"
            tags[tag] = target


def rollback_plan(tags: Tags) -> Sequence[Move]:
    return swap(tags.get("current"), tags.get("previous"), tags.get("aside"))


def promotion_plan(digest: str) -> Plan:
    return lambda tags: promotion(tags.get("current"), digest)


@given(st.lists(st.integers(0, 5), max_size=6))
def test_a_rollback_interrupted_anywhere_any_number_of_times_ends_well(stops: list[int]) -> None:
    tags = {"current": "a", "previous": "b"}
    for stop in stops:
        moves = rollback_plan(tags)
        if stop >= len(moves):
            break
        play(tags, moves[:stop])
        assert tags["current"] in {"a", "b"}
    play(tags, rollback_plan(tags))
    assert tags == {"current": "b", "previous": "a"}


@given(
    st.fixed_dictionaries(
        {}, optional={"current": st.sampled_from("abc"), "previous": st.just("b")}
    ),
    st.lists(st.integers(0, 5), max_size=6),
)
def test_a_promotion_interrupted_anywhere_any_number_of_times_ends_well(
    before: Tags, stops: list[int]
) -> None:
    tags = {**before, "candidate": "c"}
    for stop in stops:
        moves = promotion_plan("c")(tags)
        if stop >= len(moves):
            break
        play(tags, moves[:stop])
        assert tags.get("current") in {before.get("current"), "c"}
    play(tags, promotion_plan("c")(tags))
    is_new = before.get("current") != "c"
    previous = before.get("current") if is_new else None
    expected = {"current": "c", "previous": previous or before.get("previous")}
    assert tags == {tag: digest for tag, digest in expected.items() if digest}


@given(st.integers(0, 4), st.integers(0, 4))
def test_a_promotion_after_an_interrupted_rollback_and_a_rollback_after_that(
    first: int, second: int
) -> None:
    tags = {"current": "a", "previous": "b", "candidate": "c"}
    play(tags, rollback_plan(tags)[:first])
    play(tags, promotion_plan("c")(tags)[:second])
    assert tags["current"] in {"a", "b", "c"}
    play(tags, promotion_plan("c")(tags))
    old = tags["previous"]
    assert tags == {"current": "c", "previous": old}
    assert old in {"a", "b"}
    play(tags, rollback_plan(tags))
    assert tags == {"current": old, "previous": "c"}


@pytest.mark.parametrize("stop", range(5))
async def test_the_store_moves_tags_in_that_order(
    engine: FakeEngine, store: ImageStore, monkeypatch: pytest.MonkeyPatch, stop: int
) -> None:
    have(engine, current="a", previous="b")
    left = [stop]

    def counting(act: Callable[..., None]) -> Callable[..., None]:
        def call(*args: str) -> None:
            if not left[0]:
                raise Interrupted
            left[0] -= 1
            act(*args)

        return call

    with monkeypatch.context() as patch:
        patch.setattr(engine.api, "tag", counting(engine.api.tag))
        patch.setattr(engine.api, "remove_image", counting(engine.api.remove_image))
        if stop < 4:
            with pytest.raises(EngineError, match="Interrupted"):
                await store.rollback("shout")
        assert tags_of(engine)["current"] in {"a", "b"}
        assert not engine.api.images.unnamed
    if stop < 4:
        await store.rollback("shout")
        assert tags_of(engine) == {"current": "b", "previous": "a"}
