from __future__ import annotations

import asyncio
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.jobs.queue.admission import Admission
from tests.api_support import BEARER, JSON, PRINT, exchange, make_settings, post_raw

if TYPE_CHECKING:
    from tests.api_support import Client, Serve


async def test_a_long_body_is_refused(serve: Serve) -> None:
    client = await serve(settings=make_settings(max_body_size=1000))

    async def chunks() -> Any:
        for _ in range(11):
            yield b"x" * 100

    for body in (b"x" * 1001, chunks()):
        status, answer = await post_raw(client, body)
        assert (status, answer["code"]) == (413, "too_large")
    packed = gzip.compress(b" " * 500_000)
    assert len(packed) <= 1000
    assert (await post_raw(client, packed, **{"Content-Encoding": "gzip"}))[0] == 413


async def test_a_packed_body_is_unpacked(client: Client) -> None:
    packed = gzip.compress(json.dumps(PRINT).encode())
    assert (await post_raw(client, packed, **{"Content-Encoding": "gzip"}))[0] == 200
    status, answer = await post_raw(client, b"not packed", **{"Content-Encoding": "gzip"})
    assert (status, answer["code"]) == (400, "invalid")


async def test_a_slow_body_is_refused(serve: Serve) -> None:
    client = await serve(settings=make_settings(body_timeout=0.05))
    go_on = asyncio.Event()

    async def chunks() -> Any:
        yield b"{"
        await go_on.wait()

    async with client.post("/execute", data=chunks(), headers=JSON) as response:
        assert response.status == 408
        assert await response.json() == {
            "error": "The body did not arrive within 0.05 s",
            "code": "timeout",
        }
    go_on.set()


HEAD = (
    b"POST /execute HTTP/1.1\r\nHost: x\r\nx-api-key: first-key-of-tests\r\nConnection: close\r\n"
)
TYPE = b"Content-Type: application/json\r\n"


@pytest.mark.parametrize(
    ("rest", "status"),
    [
        ([b"Transfer-Encoding: chunked\r\n\r\nnonsense\r\n"], b" 400 "),
        ([b"Transfer-Encoding: chunked\r\n\r\n", b"nonsense\r\n"], b" 408 "),
        ([b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"], b" 408 "),
        ([b"Content-Length: 10\r\n\r\n{"], b" 408 "),
        ([b"Content-Length: -1\r\n\r\n{}"], b" 400 "),
    ],
)
async def test_a_body_that_is_broken_or_does_not_come_to_its_end(
    serve: Serve, rest: list[bytes], status: bytes
) -> None:
    client = await serve(settings=make_settings(body_timeout=0.2))
    answer = await exchange(client, HEAD + TYPE + rest[0], *rest[1:])
    assert status in answer


async def test_a_body_without_end_is_refused_as_soon_as_it_is_too_long(serve: Serve) -> None:
    client = await serve(settings=make_settings(max_body_size=1000))
    chunk = b"258\r\n" + b" " * 600 + b"\r\n"
    answer = await exchange(client, HEAD + TYPE + b"Transfer-Encoding: chunked\r\n\r\n", chunk * 2)
    assert b" 413 " in answer


async def test_a_client_that_leaves_in_the_middle_of_its_body_holds_nothing(serve: Serve) -> None:
    client = await serve(admission=Admission(slots=1, queue=0, memory_mb=512))
    _, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(HEAD + TYPE + b"Content-Length: 10\r\n\r\n{")
    await asyncio.sleep(0.05)
    assert (await post_raw(client, b"{}"))[0] == 429
    writer.close()
    await asyncio.sleep(0.05)
    assert (await post_raw(client, b"{}"))[0] == 400


@pytest.mark.parametrize(
    "kind", ["text/plain", "application/octet-stream", "", "application/json5"]
)
async def test_only_json_is_json(client: Client, kind: str) -> None:
    headers = BEARER | {"Content-Type": kind}
    async with client.post("/execute", data=b"{}", headers=headers) as response:
        assert response.status == 415
        assert (await response.json())["code"] == "unsupported_media_type"


async def test_json_may_say_its_charset_and_begin_with_a_byte_order_mark(client: Client) -> None:
    body = b"\xef\xbb\xbf" + json.dumps(PRINT).encode()
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert (await post_raw(client, body, **kind))[0] == 200


async def test_of_two_fields_of_one_name_the_last_counts(client: Client) -> None:
    body = b'{"language": "cobol", "language": "python", "code": "1"}'
    assert (await post_raw(client, body))[0] == 200


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"{", "Expecting property name"),
        (b"{}x", "Extra data"),
        (b" ", "Expecting value"),
        (b"\xff", "not UTF-8"),
        ('{"a": 1}'.encode("utf-16"), "not UTF-8"),
        (b'{"timeout": NaN}', "number that is not allowed"),
        (b'{"timeout": -Infinity}', "number that is not allowed"),
        (b'{"timeout": ' + b"9" * 100_000 + b"}", "number that is not allowed"),
        (b"[" * 500_000, "nested too deeply"),
        (b'{"a":' * 150_000, "nested too deeply"),
    ],
    ids=lambda value: value[:20] if isinstance(value, bytes) else value,
)
async def test_what_is_not_json_is_refused(client: Client, body: bytes, why: str) -> None:
    status, answer = await post_raw(client, body)
    assert (status, answer["code"]) == (400, "invalid")
    assert answer["error"].startswith("The body is not valid JSON: ")
    assert why in answer["error"]
    assert answer["details"][0]["field"] == "body"


async def test_warnings_with_half_a_character_still_arrive(client: Client) -> None:
    status, answer = await post_raw(
        client, b'{"language": "python", "code": "1", "\\ud800": 1, "files": null}'
    )
    assert status == 200
    assert answer["warnings"] == ["Unknown field ignored: \ud800"]
