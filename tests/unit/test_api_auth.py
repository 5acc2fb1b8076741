from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from orchestrator.api.auth import authenticate, authenticate_admin
from orchestrator.api.errors import ApiError

ADMINS = ("root-1", "root-2")
JOBS = ("job-1", "job-2")


def asked(**headers: str) -> CIMultiDict[str]:
    return CIMultiDict({name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ({"Authorization": "Bearer root-1"}, "admin-1"),
        ({"authorization": "bearer  root-2 "}, "admin-2"),
        ({"x_api_key": "root-2"}, "admin-2"),
        ({"Authorization": "Bearer job-1", "x_api_key": "root-1"}, "admin-1"),
    ],
)
def test_an_admin_is_known_by_the_number_of_the_key(headers: dict[str, str], name: str) -> None:
    assert authenticate_admin(asked(**headers), ADMINS, JOBS) == name


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "unauthorized"),
        ({"Authorization": "Bearer root"}, 401, "unauthorized"),
        ({"Authorization": "Basic root-1"}, 401, "unauthorized"),
        ({"x_api_key": ""}, 401, "unauthorized"),
        ({"x_api_key": "job-2"}, 403, "forbidden"),
        ({"Authorization": "Bearer job-1", "x_api_key": "wrong"}, 403, "forbidden"),
        ({"Sec_WebSocket_Protocol": "codebae.key.cm9vdC0x"}, 401, "unauthorized"),
    ],
)
def test_others_are_refused(headers: dict[str, str], status: int, code: str) -> None:
    with pytest.raises(ApiError) as raised:
        authenticate_admin(asked(**headers), ADMINS, JOBS)
    assert (raised.value.status, raised.value.code) == (status, code)


def test_without_an_admin_s_key_nobody_is_one() -> None:
    for key in ("", ",", "root-1"):
        with pytest.raises(ApiError):
            authenticate_admin(asked(x_api_key=key), (), JOBS)


def test_an_admin_s_key_runs_no_programs() -> None:
    with pytest.raises(ApiError) as raised:
        authenticate(asked(x_api_key="root-1"), JOBS)
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
        lambda: authenticate(asked(**headers), JOBS),
        lambda: authenticate_admin(asked(**headers), ADMINS, JOBS[1:]),
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
        authenticate_admin(asked(x_api_key=text), ADMINS, JOBS)
