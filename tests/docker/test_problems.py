"""Every submission of the corpus of problems is judged as it must be (`problems/`).

`PROBLEM_RUNS=3 make test ARGS=tests/docker/test_problems.py` judges each three times at once.
"""

from __future__ import annotations

import asyncio
import os

import pytest

from tests.docker.server import Server
from tests.problems_answer import differences, outcomes
from tests.problems_support import Case, load
from tests.speeds import one_in, params

pytestmark = [pytest.mark.docker, pytest.mark.asyncio(loop_scope="session")]

RUNS = int(os.environ.get("PROBLEM_RUNS", "1"))


CASES = load()
ALWAYS = one_in(6, CASES, lambda case: (case.problem, case.expected.job))


@pytest.mark.parametrize("case", params(CASES, ALWAYS, lambda case: case.id))
async def test_a_submission_is_judged_as_it_must_be(server: Server, case: Case) -> None:
    async with asyncio.TaskGroup() as runs:
        tasks = [runs.create_task(server.execute(**case.body)) for _ in range(RUNS)]
    answers = [task.result() for task in tasks]
    for answer in answers:
        assert not differences(case, answer), answer
    assert len({outcomes(answer) for answer in answers}) == 1
