"""The whole request model against a running server: no 5xx, no answer outside the contract."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.docker.contract_client import Asked, Reply, ask, open_session
from tests.docker.contract_shapes import Json
from tests.docker.invalid_requests import (
    GOOD,
    JSON_HEADERS,
    Refused,
    any_bodies,
    wrong_fields,
    wrong_requests,
    wrong_texts,
)
from tests.docker.server import API_KEYS, running_server
from tests.docker.valid_requests import ALIASES, SETTINGS, wanted

pytestmark = [
    pytest.mark.docker,
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
]

AT_ONCE = 4


def fuzz(examples: int, phases: Sequence[Phase] = tuple(Phase)) -> settings:
    return settings(
        max_examples=examples,
        phases=phases,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )


@dataclass(frozen=True)
class Target:
    """The server that is asked. `versions`: by language."""

    session: aiohttp.ClientSession
    versions: dict[str, str]

    async def ask_all(self, requests: Iterable[Asked]) -> list[Reply]:
        """Together; the first that fails does so once all have ended."""
        asking = [ask(self.session, each) for each in requests]
        replies = await asyncio.gather(*asking, return_exceptions=True)
        for reply in replies:
            if isinstance(reply, BaseException):
                raise reply
        return [reply for reply in replies if isinstance(reply, Reply)]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def target(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Target]:
    bounds = {name: str(value) for name, value in SETTINGS.items()}
    state = tmp_path_factory.mktemp("state")
    own = {"API_KEY": API_KEYS, "MAX_JOBS": str(AT_ONCE), "LOG_LEVEL": "warning", "POOL": "0"}
    own["MAX_WRONG_KEYS"] = "0"  # there are many, and each is a 401
    async with (
        running_server(state, None, **own, **bounds) as server,
        open_session(server.url) as session,
    ):
        answers = [await server.execute(language=name, code="x") for name in ALIASES]
        yield Target(session, {answer["language"]: answer["version"] for answer in answers})


def as_asked(body: Json) -> Asked:
    return Asked(json.dumps(body).encode(), JSON_HEADERS)


@pytest.mark.thorough
@fuzz(40, phases=[Phase.generate])  # to make a failure smaller takes minutes of programs
@given(st.data())
async def test_what_the_model_allows_is_run_and_answered_by_the_contract(
    target: Target, data: st.DataObject
) -> None:
    requests = data.draw(
        st.lists(wanted(target.versions), min_size=AT_ONCE, max_size=AT_ONCE), "requests"
    )
    replies = await target.ask_all(each.asked for each in requests)
    for request, reply in zip(requests, replies, strict=True):
        assert reply.status == 200, (request, reply)
        request.check(reply.answer)


@fuzz(200)
@given(wrong_fields)
async def test_what_the_model_forbids_is_a_400_that_names_the_field(
    target: Target, request_: Refused
) -> None:
    request_.check(await ask(target.session, request_.asked))


@fuzz(60)
@given(wrong_texts)
async def test_a_body_that_is_no_json_object_is_a_400_that_says_so(
    target: Target, request_: Refused
) -> None:
    request_.check(await ask(target.session, request_.asked))


@fuzz(60)
@given(wrong_requests)
async def test_keys_types_paths_and_methods_that_are_wrong_have_their_own_status(
    target: Target, request_: Refused
) -> None:
    request_.check(await ask(target.session, request_.asked))


@fuzz(100)
@given(any_bodies)
async def test_any_json_at_all_is_answered_by_the_contract_and_never_with_a_5xx(
    target: Target, body: Json
) -> None:
    encoding = "base64" if body.get("encoding") == "base64" else "utf8"
    reply = await ask(
        target.session, Asked(json.dumps(body).encode(), JSON_HEADERS, "application/json", encoding)
    )
    assert reply.status in (200, 400), (body, reply)


MOST = SETTINGS
AT_THE_BOUNDS: list[Json] = [
    {**GOOD, "code": "#" * MOST["MAX_CODE_SIZE"]},
    {**GOOD, "input": "x" * MOST["MAX_INPUT_SIZE"]},
    {**GOOD, "args": [""] * MOST["MAX_ARGS"]},
    {**GOOD, "args": ["ü" * (MOST["MAX_ARGS_SIZE"] // 2)]},
    {**GOOD, "env": {"A": "x" * (MOST["MAX_ARGS_SIZE"] - 2)}},
    {**GOOD, "timeout": MOST["MAX_TIMEOUT"], "limits": {"memory_mb": 512, "processes": 512}},
    {
        "language": "python",
        "files": [{"name": f"{n}.py", "content": ""} for n in range(MOST["MAX_FILES"])],
    },
    {
        "language": "python",
        "files": [
            {"name": "main.py", "content": "x=1"},
            {"name": "ü" * 127 + "x", "content": ""},
            {"name": "/".join("a" * 8), "content": "#" * MOST["MAX_CODE_SIZE"]},
        ],
    },
]


async def test_what_is_just_within_every_bound_is_run(target: Target) -> None:
    for body in AT_THE_BOUNDS:
        reply = await ask(target.session, as_asked(body))
        assert (reply.status, reply.answer.get("status")) == (200, "accepted"), reply


async def test_files_that_do_not_fit_the_memory_are_refused(target: Target) -> None:
    content = "x" * MOST["MAX_CODE_SIZE"]
    files = [{"name": f"{n}.py", "content": content} for n in range(MOST["MAX_FILES"])]
    body = {"language": "python", "files": files, "limits": {"memory_mb": 16}}
    Refused(as_asked(body), field="files").check(await ask(target.session, as_asked(body)))


async def test_a_body_that_is_too_long_is_a_413_however_it_is_sent(target: Target) -> None:
    body = b" " * (MOST["MAX_BODY_SIZE"] + 1)
    packed = JSON_HEADERS | {"Content-Encoding": "gzip"}
    for asked in (Asked(body, JSON_HEADERS), Asked(gzip.compress(body), packed)):
        Refused(asked, status=413).check(await ask(target.session, asked))
