from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from orchestrator.access.model import unnamed_key
from orchestrator.access.ring import KeyRing
from orchestrator.api.callers.auth import WrongKeyError, authenticate, authenticate_admin
from orchestrator.api.errors import ApiError

ADMINS = ("root-1", "root-2")
JOBS = ("job-1", "job-2")
RING = KeyRing(JOBS, ADMINS)
ADMIN_1, ADMIN_2 = (unnamed_key(key, "admin-").name for key in ADMINS)


def asked(**headers: str) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Authorization": "Bearer root-1"}, ADMIN_1),
        ({"authorization": "bearer  root-2 "}, ADMIN_2),
        ({"x_api_key": "root-2"}, ADMIN_2),
        ({"Authorization": "Bearer job-1", "x_api_key": "root-1"}, ADMIN_1),
    ],
)
def test_an_admin_is_known_by_the_key_s_hash(headers: dict[str, str], name: str) -> None:
    assert authenticate_admin(asked(**headers), RING).name == name


def test_a_key_has_the_same_name_wherever_in_the_list_it_is() -> None:
    again = KeyRing(("new", *reversed(JOBS)), ("new-root", *reversed(ADMINS)))
    for key in JOBS:
        names = {authenticate(asked(x_api_key=key), ring).name for ring in (RING, again)}
        assert names == {unnamed_key(key).name}
    names = {authenticate_admin(asked(x_api_key="root-1"), ring).name for ring in (RING, again)}
    assert names == {ADMIN_1}
    assert not any(key in name for key in (*JOBS, *ADMINS) for name in names)


@pytest.mark.parametrize(
    ("headers", "status", "code", "is_guess"),
    [
        ({}, 401, "unauthorized", False),
        ({"Authorization": "Bearer root"}, 401, "unauthorized", True),
        ({"Authorization": "Basic root-1"}, 401, "unauthorized", False),
        ({"x_api_key": ""}, 401, "unauthorized", False),
        ({"x_api_key": "job-2"}, 403, "forbidden", True),
        ({"Authorization": "Bearer job-1", "x_api_key": "wrong"}, 403, "forbidden", True),
        ({"Sec_WebSocket_Protocol": "codebae.key.cm9vdC0x"}, 401, "unauthorized", False),
    ],
)
def test_requests_without_an_admin_s_key_are_refused(
    headers: dict[str, str], status: int, code: str, *, is_guess: bool
) -> None:
    with pytest.raises(ApiError) as raised:
        authenticate_admin(asked(**headers), RING)
    assert (raised.value.status, raised.value.code) == (status, code)
    assert isinstance(raised.value, WrongKeyError) == is_guess


def test_without_an_admin_s_key_nobody_is_one() -> None:
    for key in ("", ",", "root-1"):
        with pytest.raises(ApiError):
            authenticate_admin(asked(x_api_key=key), KeyRing(JOBS))


def test_an_admin_s_key_runs_no_programs() -> None:
    with pytest.raises(ApiError) as raised:
        authenticate(asked(x_api_key="root-1"), RING)
    assert raised.value.status == 401


@pytest.mark.parametrize(
    ("headers", "message", "challenge"),
    [
        ({}, "is missing: send Authorization: Bearer KEY, or x-api-key: KEY", ""),
        ({"Authorization": "  "}, "is missing: send Authorization", ""),
        ({"x_api_key": ""}, "is missing: send Authorization", ""),
        ({"Authorization": "job-1"}, "is not of the form: Bearer KEY", ""),
        ({"Authorization": "Basic job-1"}, "is not of the form: Bearer KEY", ""),
        ({"Authorization": "Bearer"}, "is not of the form: Bearer KEY", ""),
        ({"Authorization": "Bearer wrong"}, "this key is none of", ', error="invalid_token"'),
        ({"x_api_key": "wrong"}, "this key is none of", ', error="invalid_token"'),
        ({"x_api_key": "wrong", "Authorization": "x"}, "none of", ', error="invalid_token"'),
    ],
)
def test_a_missing_key_is_told_from_a_wrong_one(
    headers: dict[str, str], message: str, challenge: str
) -> None:
    for refuse in (
        lambda: authenticate(asked(**headers), RING),
        lambda: authenticate_admin(asked(**headers), KeyRing(JOBS[1:], ADMINS)),
    ):
        with pytest.raises(ApiError) as raised:
            refuse()
        (problem,) = raised.value.problems
        assert (str(raised.value), problem.field) == ("Unauthorized", "Authorization")
        assert message in problem.message
        assert raised.value.headers == {
            "WWW-Authenticate": f'Bearer realm="codebae-runner"{challenge}'
        }
        assert "wrong" not in problem.message  # a key is repeated nowhere


@given(st.binary())
def test_no_other_bytes_are_a_key(sent: bytes) -> None:
    text = sent.decode("utf-8", "surrogateescape")
    if text.strip() in ADMINS:
        return
    with pytest.raises(ApiError):
        authenticate_admin(asked(x_api_key=text), RING)


LONG = "0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize("sent", [LONG[:-1], LONG[:8], LONG + "0", LONG.upper(), LONG[1:] + "0"])
def test_what_is_only_like_a_key_is_none(sent: str) -> None:
    ring = KeyRing([LONG], [LONG[::-1]])
    assert authenticate(asked(x_api_key=LONG), ring).name == unnamed_key(LONG).name
    with pytest.raises(WrongKeyError):
        authenticate(asked(x_api_key=sent), ring)
