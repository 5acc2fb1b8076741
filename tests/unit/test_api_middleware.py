from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.api_support import KEY, PRINT, exchange, make_settings

if TYPE_CHECKING:
    from tests.api_support import Client, Serve


@pytest.mark.parametrize(
    ("path", "given", "kept"),
    [
        ("/health", "a.B-1_", True),
        ("/health", "x" * 128, True),
        ("/nowhere", "abc", True),
        ("/execute", "abc", True),
        ("/health", "x" * 129, False),
        ("/health", "a b", False),
        ("/health", "é", False),
        ("/nowhere", "", False),
    ],
)
async def test_every_response_has_a_request_id(
    client: Client,
    path: str,
    given: str,
    kept: bool,  # noqa: FBT001 - a column
) -> None:
    async with client.get(path, headers={"X-Request-Id": given}) as response:
        answered = response.headers["X-Request-Id"]
    assert (answered == given) is kept
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", answered)


async def test_two_requests_have_two_ids(client: Client) -> None:
    ids = set()
    for _ in range(2):
        async with client.get("/health") as response:
            ids.add(response.headers["X-Request-Id"])
    assert len(ids) == 2


async def test_a_wrong_method_says_which_are_allowed(client: Client) -> None:
    async with client.delete("/execute") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "POST"
        assert (await response.json())["code"] == "method_not_allowed"


async def test_an_unknown_expectation_has_a_request_id(client: Client) -> None:
    async with client.get("/health", headers={"Expect": "miracles"}) as response:
        assert response.status == 417
        assert response.headers["X-Request-Id"]


@pytest.mark.parametrize("header", [b"Authorization: Bearer \xff\xfe", b"x-api-key: \xff"])
async def test_a_key_of_odd_bytes_is_just_wrong(client: Client, header: bytes) -> None:
    answer = await exchange(
        client,
        b"POST /execute HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: \xff\r\n"
        + header
        + b"\r\nContent-Length: 0\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_a_key_of_odd_bytes_can_be_the_right_one(serve: Serve) -> None:
    odd = b"k\xc3\xa9y\xff"
    secret = odd.decode("utf-8", "surrogateescape")
    settings = make_settings(api_key=secret)
    answer = await exchange(
        await serve(settings=settings),
        b"POST /execute HTTP/1.1\r\nHost: x\r\nConnection: close\r\nx-api-key: "
        + odd
        + b"\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
    )
    assert answer.startswith(b"HTTP/1.1 400 ")


async def test_either_header_may_hold_the_key(client: Client) -> None:
    headers = {"Authorization": "Bearer wrong", "x-api-key": KEY}
    async with client.post("/execute", json=PRINT, headers=headers) as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("header", "status"),
    [
        (b"Content-Type: \xff", b" 415 "),
        (b"Content-Type: application/json; charset=\xff", b" 400 "),
        (b"Content-Type: ;;;=", b" 415 "),
        (b"Content-Type: application/json\r\nContent-Encoding: \xff", b" 415 "),
    ],
)
async def test_odd_headers_are_no_trouble(client: Client, header: bytes, status: bytes) -> None:
    answer = await exchange(
        client,
        b"POST /execute HTTP/1.1\r\nHost: x\r\nx-api-key: first-key-of-tests\r\n"
        + header
        + b"\r\nContent-Length: 2\r\n\r\n{}",
    )
    assert status in answer
