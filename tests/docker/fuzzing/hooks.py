"""What schemathesis is told beside the description: keys, and submissions that often do run."""

from __future__ import annotations

import os
import random
from typing import Any

import requests
import schemathesis

PROGRAMS = {
    "python": [
        "print(input())",
        "raise SystemExit(3)",
        "import os; os.write(1, bytes(range(256)))",
    ],
    "c": ['#include <stdio.h>\nint main(void) { return puts("hi") < 0; }', "int main(void) { oh }"],
}
CHANCE = random.Random(1)
"""Our own: hypothesis puts the common one back to its start before every case."""
CHANCE_OF_NO_KEY = 0.05
CHANCE_OF_A_PROGRAM = 0.07
CHANCE_OF_SENSE = 0.4
LONGEST_MS = 300


def to_program(body: dict[str, Any]) -> dict[str, Any]:
    """A submission of random words, made one that gets further than the first check."""
    language = CHANCE.choice(sorted(PROGRAMS))
    body = {**body, "language": language, "version": None, "timeout": LONGEST_MS}
    if not body.get("files"):
        body["code"] = CHANCE.choice(PROGRAMS[language])
    if isinstance(body.get("limits"), dict):
        body["limits"] = {**body["limits"], "wall_ms": LONGEST_MS, "cpu_ms": LONGEST_MS}
    if body.get("tests") and CHANCE.random() < CHANCE_OF_SENSE:
        body |= {"input": None, "interactor": None, "checker": "lines"}
    elif CHANCE.random() < CHANCE_OF_SENSE:
        body |= {"tests": None, "checker": None, "interactor": None}
    return body


@schemathesis.hook
def before_call(
    context: schemathesis.HookContext, case: schemathesis.Case, kwargs: dict[str, Any]
) -> None:
    """The key that the route wants, nearly always; and no language that there is is changed."""
    del context, kwargs
    if "/admin/languages/{id}" in case.operation.path:
        case.path_parameters["id"] = "nothing"
    is_submission = case.operation.path == "/execute" and isinstance(case.body, dict)
    if is_submission and CHANCE.random() < CHANCE_OF_A_PROGRAM:
        case.body = to_program(case.body)
    name = "ADMIN_KEY" if case.operation.path.startswith("/admin") else "API_KEY"
    case.headers.pop("Authorization", None)
    case.headers.pop("x-api-key", None)
    if CHANCE.random() > CHANCE_OF_NO_KEY:
        case.headers["Authorization"] = f"Bearer {os.environ[name]}"


@schemathesis.hook
def after_call(
    context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response
) -> None:
    """A server that was told to drain answers 503 from then on: it is told to go on."""
    del context, response
    if case.operation.path == "/admin/drain":
        headers = {"Authorization": f"Bearer {os.environ['ADMIN_KEY']}"}
        url = f"{os.environ['RUNNER_URL']}/admin/drain"
        requests.delete(url, headers=headers, timeout=10).raise_for_status()
