from __future__ import annotations

import json
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.api_support import post_raw

if TYPE_CHECKING:
    from tests.api_support import Client

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()))
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=10
)
NAMES = (
    *("language", "code", "files", "input", "timeout", "args", "env", "compile_args"),
    *("version", "limits", "encoding", "tests", "checker", "name", "content", "wall_ms"),
    *("expected", "points", "group", "type", "abs", "rel", "stop_on_failure", "return_outputs"),
)
likely = st.sampled_from(
    ["python", "java", "main.c", "utf8", "base64", "", "1", 1, 5000, -1, "float", "program", "all"]
)
objects = st.recursive(
    likely | scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=8,
)
submissions = st.fixed_dictionaries(
    {"language": likely | objects, "code": likely | objects},
    optional=dict.fromkeys(NAMES[2:], objects),
)
fuzz = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


async def check_answer(client: Client, body: bytes) -> None:
    status, answer = await post_raw(client, body)
    assert status == 200 or 400 <= status < 500
    if status != 200:
        assert isinstance(answer["error"], str)
        assert isinstance(answer["code"], str)


@fuzz
@given(values | submissions)
async def test_any_json_is_answered_in_json_and_never_with_a_5xx(
    client: Client, payload: object
) -> None:
    await check_answer(client, json.dumps(payload).encode())


@fuzz
@given(st.binary() | st.text(alphabet='{}[]":,1e-\\u\x00').map(str.encode))
async def test_any_bytes_are_answered_in_json_and_never_with_a_5xx(
    client: Client, body: bytes
) -> None:
    await check_answer(client, body)
