"""Tags and labels on the real engine: tiny images of a made-up language."""

from __future__ import annotations

import io
import secrets
import tarfile
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field

import pytest

from orchestrator.engine.client import EngineClient
from orchestrator.engine.images import BuildRequest, build_image
from orchestrator.engine.tags import remove_untagged, tag_image, untag_image
from orchestrator.errors import ContainerNotFoundError, EngineError
from orchestrator.images import store as store_module
from orchestrator.images.store import ImageStore, LanguageImages
from orchestrator.images.tags import MARK_IMAGE, image_name
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.speeds import params

pytestmark = [pytest.mark.docker]
TAGS = ("current", "previous", "candidate", "aside", "enabled", "disabled", "toolchain")
DEFINITION = (DEFAULT_IMAGES_DIR / "c" / "language.toml").read_text("utf-8") + "\"'\\'$HOME ü\n"


@dataclass
class MadeUp:
    """A language that nobody has, and the images it was given."""

    engine: EngineClient
    id: str = field(default_factory=lambda: f"made-up-{secrets.token_hex(4)}")
    digests: list[str] = field(default_factory=list)

    def name(self, tag: str) -> str:
        return image_name(self.id, tag)

    async def build(self, tag: str, step: str, *, label: str = "") -> str:
        """An image with the language's labels, on two more without a name."""
        request = BuildRequest(
            context(f"FROM scratch\nENV OWN={self.id}\nENV STEP={step}\n"),
            self.name(tag),
            labels={
                "codebae.language": label or self.id,
                "codebae.version": step,
                "codebae.source": f"source-{step}",
                "codebae.definition": DEFINITION,
            },
        )
        self.digests.append(await build_image(self.engine, request, lambda _: None))
        return self.digests[-1]

    async def tags(self) -> dict[str, str]:
        found = {}
        for tag in TAGS:
            with suppress(ContainerNotFoundError):
                found[tag] = (await self.engine.inspect_image(self.name(tag)))["Id"]
        return found

    async def is_there(self, digest: str) -> bool:
        try:
            await self.engine.inspect_image(digest)
        except ContainerNotFoundError:
            return False
        return True


def context(dockerfile: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(dockerfile)
        tar.addfile(info, io.BytesIO(dockerfile.encode()))
    return buffer.getvalue()


@pytest.fixture
async def language(engine: EngineClient) -> AsyncIterator[MadeUp]:
    made_up = MadeUp(engine)
    yield made_up
    for tag in TAGS:
        await untag_image(engine, made_up.name(tag))
    for digest in made_up.digests:
        await remove_untagged(engine, digest)
    left = [digest for digest in made_up.digests if await made_up.is_there(digest)]
    assert left == []


@pytest.fixture
def store(engine: EngineClient) -> ImageStore:
    return ImageStore(engine)


async def read_one(store: ImageStore, language: MadeUp) -> LanguageImages:
    return (await store.read()).get(language.id, LanguageImages(language.id))


async def test_promoting_going_back_and_collecting(store: ImageStore, language: MadeUp) -> None:
    first = await language.build("candidate", "1")
    found = await read_one(store, language)
    assert (found.current, [each.digest for each in found.images]) == (None, [first])
    await store.promote(language.id, first)
    second = await language.build("candidate", "2")
    await store.promote(language.id, second)
    found = await read_one(store, language)
    assert found.current is not None
    assert found.previous is not None
    assert (found.current.digest, found.previous.digest) == (second, first)
    assert (found.current.version, found.current.source) == ("2", "source-2")
    assert found.current.definition == DEFINITION
    assert found.current.created > 1_700_000_000
    await store.rollback(language.id)
    assert await language.tags() == {"current": first, "previous": second}
    assert not {first, second} & set(await store.collect(older_than_s=0))

    third = await language.build("candidate", "3")
    await store.promote(language.id, third)
    assert await language.tags() == {"current": third, "previous": first}
    parent = (await language.engine.inspect_image(second))["Parent"]
    assert second not in await store.collect({second}, older_than_s=0)
    assert second not in await store.collect()  # it was made just now
    assert second in await store.collect(older_than_s=0)
    assert not await language.is_there(second)
    assert not await language.is_there(parent)
    assert await language.is_there(first)


async def test_an_image_in_use_is_left_for_another_time(
    store: ImageStore, language: MadeUp
) -> None:
    await store.promote(language.id, await language.build("candidate", "1"))
    used = await language.build("candidate", "2")
    name = f"codebae-test-{secrets.token_hex(6)}"
    await language.engine.create_container(name, {"Image": used, "Cmd": ["x"]})
    try:
        await store.drop_candidate(language.id)
        assert "candidate" not in await language.tags()
        assert used not in await store.collect(older_than_s=0)
        assert not await store.remove(used)
        assert await language.is_there(used)
    finally:
        await language.engine.remove_container(name)
    assert await store.remove(used)
    assert not await language.is_there(used)


async def test_a_dropped_candidate_goes_unless_it_is_the_current_image(
    store: ImageStore, language: MadeUp
) -> None:
    first = await language.build("candidate", "1")
    await store.promote(language.id, first)
    assert await language.build("candidate", "1") == first
    await store.drop_candidate(language.id)
    assert await language.tags() == {"current": first}
    second = await language.build("candidate", "2")
    await store.drop_candidate(language.id)
    assert not await language.is_there(second)


async def test_enabled_and_disabled_marks_are_kept_on_the_engine(
    store: ImageStore, language: MadeUp
) -> None:
    agent = (await language.engine.inspect_image(MARK_IMAGE))["Id"]
    await store.enable(language.id)
    assert await read_one(store, language) == LanguageImages(language.id, is_enabled=True)
    await store.disable(language.id)
    assert await read_one(store, language) == LanguageImages(language.id, is_disabled=True)
    await untag_image(language.engine, language.name("disabled"))
    assert await read_one(store, language) == LanguageImages(language.id)
    assert (await language.engine.inspect_image(MARK_IMAGE))["Id"] == agent


async def test_what_is_not_the_language_s_is_left_alone(
    store: ImageStore, language: MadeUp
) -> None:
    other = await language.build("candidate", "1", label=f"{language.id}-other")
    with pytest.raises(EngineError, match=f"is no image of the language {language.id}"):
        await store.promote(language.id, other)
    await tag_image(language.engine, other, language.name("current"))
    assert await read_one(store, language) == LanguageImages(language.id)
    foreign = f"codebae-test-{secrets.token_hex(4)}:kept"
    await language.build("current", "2")  # takes `current` from the other, which has no name then
    await tag_image(language.engine, other, foreign)
    await untag_image(language.engine, language.name("candidate"))
    assert other not in await store.collect(older_than_s=0)
    assert await remove_untagged(language.engine, other) is False
    await untag_image(language.engine, foreign)


@pytest.mark.parametrize("stop", params(range(4), [1], str))
@pytest.mark.parametrize("change", ["rollback", "promote"])
async def test_an_interrupted_change_leaves_a_good_image_and_repeated_ends_well(
    store: ImageStore,
    language: MadeUp,
    monkeypatch: pytest.MonkeyPatch,
    change: str,
    stop: int,
) -> None:
    old = await language.build("previous", "1")
    now = await language.build("current", "2")
    new = old if change == "rollback" else await language.build("candidate", "3")

    async def act() -> None:
        if change == "rollback":
            await store.rollback(language.id)
        else:
            await store.promote(language.id, new)

    with monkeypatch.context() as patch:
        left = [stop]
        for name in ("tag_image", "untag_image"):
            original = getattr(store_module, name)

            async def counted(*args: str, original: object = original) -> None:
                if not left[0]:
                    raise KeyboardInterrupt
                left[0] -= 1
                await original(*args)  # type: ignore[operator]

            patch.setattr(store_module, name, counted)
        try:
            await act()
        except KeyboardInterrupt:
            pass
        else:
            pytest.fail("it was not interrupted")
    tags = await language.tags()
    assert tags["current"] in {now, new}
    await store.collect(older_than_s=0)
    assert await language.is_there(now)
    assert await language.is_there(new)
    await act()
    assert await language.tags() == {"current": new, "previous": now}
