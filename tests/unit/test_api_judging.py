from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from orchestrator.api.errors import ApiError
from orchestrator.api.requests.judging import MAX_NAME
from orchestrator.api.requests.schemas import MAX_ENTRIES, MAX_PROBLEMS
from orchestrator.jobs.judging.checkers import (
    CheckerProtocol,
    Exact,
    Float,
    Lines,
    Tokens,
    UnorderedLines,
)
from orchestrator.jobs.model import (
    CheckerProgram,
    Encoding,
    Interactor,
    JudgeTest,
    Judging,
    Limits,
    ReturnOutputs,
    Submission,
)
from orchestrator.sandbox.model import SourceFile
from tests.api_support import post_raw
from tests.unit.test_api_submission import CODE, convert, refusal

if TYPE_CHECKING:
    from tests.api_support import Client

TEST: dict[str, Any] = {"input": "1\n", "expected": "2\n"}
LIMITS = Limits(wall_ms=15_000, cpu_ms=5000, memory_mb=256, output_bytes=100_000, processes=64)
CHECKER_LIMITS = Limits(30_000, 10_000, 256, 100_000, 64)


def asking(*changes: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A request with a test per dict of changes, and further fields."""
    return CODE | {"tests": [TEST | each for each in changes or ({},)]} | fields


def judging(payload: object, **settings: Any) -> Judging:
    made = convert(payload, **settings).judging
    assert made is not None
    return made


def first_limits(payload: object, **settings: Any) -> Limits:
    return judging(payload, **settings).tests[0].limits


def program(**fields: Any) -> dict[str, Any]:
    return asking(checker={"type": "program", "language": "c", "code": "main(){}"} | fields)


def test_the_least_gets_every_default() -> None:
    assert judging(asking()) == Judging(
        tests=(JudgeTest("1", b"1\n", b"2\n", LIMITS),), checker=Lines()
    )
    assert convert(CODE).judging is None


def test_the_most_is_taken_over() -> None:
    full = {"name": "a", "limits": {"cpu_ms": 1}, "points": 2, "group": "g"}
    made = judging(asking(full, {}, checker="exact", stop_on_failure=True, return_outputs="all"))
    assert made == Judging(
        tests=(
            JudgeTest("a", b"1\n", b"2\n", Limits(3, 1, 256, 100_000, 64), points=2.0, group="g"),
            JudgeTest("2", b"1\n", b"2\n", LIMITS),
        ),
        checker=Exact(),
        stop_on_failure=True,
        return_outputs=ReturnOutputs.ALL,
    )


def test_null_is_the_same_as_leaving_out() -> None:
    none = dict.fromkeys(("name", "limits", "points", "group"))
    fields = dict.fromkeys(("checker", "stop_on_failure", "return_outputs", "input"))
    assert judging(asking(none, **fields)) == judging(asking())
    assert judging(asking({"expected": None})).tests[0].expected is None
    assert judging(asking(input="")) == judging(asking())
    unset = dict.fromkeys(("abs", "rel", "language", "code", "files"))
    assert judging(asking(checker={"type": "exact"} | unset)).checker == Exact()


def test_inputs_and_what_is_expected_are_in_the_request_s_encoding() -> None:
    made = convert(asking({"input": "/w==", "expected": ""}, encoding="base64"))
    assert made.encoding is Encoding.BASE64
    assert made.judging is not None
    assert (made.judging.tests[0].stdin, made.judging.tests[0].expected) == (b"\xff", b"")
    assert judging(asking({"input": "é"})).tests[0].stdin == "é".encode()


def test_a_kattis_validator_is_called_in_kattis_way_and_an_interactor_may_say_much() -> None:
    asked = judging(program(protocol="kattis", args=["float_tolerance", "1e-6"])).checker
    assert isinstance(asked, CheckerProgram)
    assert asked.protocol is CheckerProtocol.KATTIS
    assert asked.submission.args == (
        "input.txt",
        "answer.txt",
        "feedback/",
        "float_tolerance",
        "1e-6",
    )
    assert asked.submission.limits == CHECKER_LIMITS
    talker = {"language": "c", "code": "main(){}", "protocol": "kattis"}
    talks = judging(asking(interactor=talker)).checker
    assert isinstance(talks, Interactor)
    assert talks.protocol is CheckerProtocol.KATTIS
    assert talks.submission.limits.output_bytes == 2 << 20


@pytest.mark.parametrize(
    ("given", "checker"),
    [
        ("exact", Exact()),
        ("lines", Lines()),
        ("tokens", Tokens()),
        ("unordered_lines", UnorderedLines()),
        ("float", Float()),
        ({"type": "tokens"}, Tokens()),
        ({"type": "float"}, Float()),
        ({"type": "float", "abs": 0}, Float(abs=0.0)),
        ({"type": "float", "abs": 0.1, "rel": 1}, Float(0.1, 1.0)),
    ],
)
def test_a_checker_is_a_name_or_an_object(given: object, checker: object) -> None:
    assert judging(asking(checker=given)).checker == checker


def test_a_checker_program_is_a_submission_of_its_own() -> None:
    files = [{"name": "a.cpp", "content": "a"}, {"name": "testlib.h", "content": "b"}]
    made = convert(
        asking(checker={"type": "program", "language": "c++", "files": files})
        | {"args": ["x"], "env": {"A": "b"}, "encoding": "base64", "tests": [{"input": ""}]}
    )
    assert made.judging is not None
    assert made.judging.checker == CheckerProgram(
        Submission(
            language="cpp",
            files=(SourceFile("a.cpp", b"a"), SourceFile("testlib.h", b"b")),
            limits=CHECKER_LIMITS,
            args=("input.txt", "output.txt", "answer.txt"),
            compile_limits=replace(CHECKER_LIMITS, cpu_ms=20_000, wall_ms=80_000),
        )
    )
    assert made.programs == (made, made.judging.checker_submission)
    coded = judging(program()).checker_submission
    assert coded is not None
    assert coded.files == (SourceFile("main.c", b"main(){}"),)
    assert coded.limits == CHECKER_LIMITS


@pytest.mark.parametrize(
    ("fields", "own", "wall_ms", "cpu_ms"),
    [
        ({}, None, 15_000, 5000),
        ({"timeout": 700}, None, 2100, 700),
        ({"timeout": 60_000}, None, 60_000, 60_000),
        ({"timeout": 30_000}, None, 60_000, 30_000),
        ({"timeout": 700, "limits": {"cpu_ms": 100}}, None, 300, 100),
        ({"timeout": 700, "limits": {"wall_ms": 900}}, None, 900, 700),
        ({"limits": {"wall_ms": 50}}, None, 50, 5000),
        ({"timeout": 700}, {"cpu_ms": 100}, 300, 100),
        ({"timeout": 700}, {"wall_ms": 100}, 100, 700),
        ({"timeout": 700, "limits": {"wall_ms": 900}}, {"cpu_ms": 100}, 300, 100),
        ({"limits": {"wall_ms": 900, "cpu_ms": 800}}, {"memory_mb": 64}, 900, 800),
        ({"limits": {"wall_ms": 900}}, {"wall_ms": 10, "cpu_ms": 20}, 10, 20),
    ],
)
def test_wall_follows_cpu_and_a_test_s_own_limits_come_first(
    fields: dict[str, Any], own: dict[str, int] | None, wall_ms: int, cpu_ms: int
) -> None:
    limits = first_limits(asking({"limits": own}, **fields))
    assert (limits.wall_ms, limits.cpu_ms) == (wall_ms, cpu_ms)


def test_memory_and_processes_are_the_job_s_unless_a_test_says_otherwise() -> None:
    own = {"limits": {"memory_mb": 32, "processes": 8}}
    made = convert(asking({}, own, limits={"memory_mb": 128, "processes": 16}))
    assert made.judging is not None
    limits = [(test.limits.memory_mb, test.limits.processes) for test in made.judging.tests]
    assert limits == [(128, 16), (32, 8)]
    assert (made.max_run_memory_mb, made.min_run_memory_mb, made.max_run_processes) == (128, 32, 16)


@pytest.mark.parametrize(
    ("fields", "own", "output_bytes"),
    [
        ({}, {}, 100_000),
        ({}, {"expected": "x" * 50_001}, 100_002),
        ({}, {"expected": None}, 100_000),
        ({"limits": {"output_kb": 1}}, {"expected": "x" * 5000}, 1024),
        ({"limits": {"output_kb": 1}}, {"limits": {"output_kb": 2}}, 2048),
        ({}, {"limits": {"output_kb": 4096}}, 4 << 20),
    ],
)
def test_a_test_may_print_twice_what_is_expected_of_it(
    fields: dict[str, Any], own: dict[str, Any], output_bytes: int
) -> None:
    assert first_limits(asking(own, **fields)).output_bytes == output_bytes


def test_no_test_may_print_more_than_the_setting() -> None:
    long = {"expected": "x" * 900}
    small = {"max_output_size": 100, "max_test_output_size": 1000}
    assert first_limits(asking(long), **small).output_bytes == 1000
    assert first_limits(asking({"limits": {"output_kb": 1}}), **small).output_bytes == 1000
    error = refusal(asking({"limits": {"output_kb": 2}}), **small)
    assert error == "tests.0.limits.output_kb: must be between 1 and 1"


NAME_RULE = f"must be 1 to {MAX_NAME} printable characters"
TYPES = "exact, lines, tokens, unordered_lines, float, program"
WRONG: list[tuple[object, str]] = [
    (CODE | {"tests": []}, "tests: must have between 1 and 500 entries"),
    (CODE | {"tests": [TEST] * 501}, "tests: must have between 1 and 500 entries"),
    (CODE | {"tests": [TEST] * (MAX_ENTRIES + 1)}, "tests: has more than 1000 entries"),
    (CODE | {"tests": {}}, "tests: must be a list"),
    (CODE | {"tests": "1"}, "tests: must be a list"),
    (CODE | {"tests": [1]}, "tests.0: must be an object"),
    (CODE | {"tests": [TEST, {}]}, "tests.1.input: is required"),
    (asking({"input": None}), "tests.0.input: must be a string"),
    (asking({"input": 1}), "tests.0.input: must be a string"),
    (asking({"expected": 2}), "tests.0.expected: must be a string"),
    (asking({"input": "\ud800"}), "tests.0.input: is not valid Unicode text"),
    (asking({"output": ""}), "tests.0.output: is not a known field"),
    (asking({"name": "a"}, {"name": "a"}), "tests.1.name: 'a' is tests.0's name too"),
    (asking({"name": "2"}, {}), "tests.1.name: '2' is tests.0's name too"),
    (asking({}, {"name": "1"}), "tests.1.name: '1' is tests.0's name too"),
    (asking({"name": " "}), f"tests.0.name: {NAME_RULE}"),
    (asking({"name": "a\n"}), f"tests.0.name: {NAME_RULE}"),
    (asking({"name": "a\u202e"}), f"tests.0.name: {NAME_RULE}"),
    (asking({"name": "x" * (MAX_NAME + 1)}), f"tests.0.name: {NAME_RULE}"),
    (asking({"name": 1}), "tests.0.name: must be a string"),
    (asking({"group": ""}), f"tests.0.group: {NAME_RULE}"),
    (asking({"group": "\0"}), f"tests.0.group: {NAME_RULE}"),
    (asking({"points": -1}), "tests.0.points: must be between 0 and 1e+09"),
    (asking({"points": 1e10}), "tests.0.points: must be between 0 and 1e+09"),
    (asking({"points": "1"}), "tests.0.points: must be a number"),
    (asking({"points": True}), "tests.0.points: must be a number"),
    (asking({"points": float("nan")}), "tests.0.points: must be a finite number"),
    (asking({"points": float("inf")}), "tests.0.points: must be a finite number"),
    (asking({"limits": 1}), "tests.0.limits: must be an object"),
    (asking({"limits": {"cpu": 1}}), "tests.0.limits.cpu: is not a known field"),
    (asking({}, {"limits": {"cpu_ms": 0}}), "tests.1.limits.cpu_ms: must be between 1 and 60000"),
    (
        asking({"limits": {"wall_ms": 60_001}}),
        "tests.0.limits.wall_ms: must be between 1 and 60000",
    ),
    (asking({"limits": {"memory_mb": 15}}), "tests.0.limits.memory_mb: must be between 16 and 512"),
    (asking({"limits": {"processes": 3}}), "tests.0.limits.processes: must be between 4 and 512"),
    (
        asking({"limits": {"output_kb": 4097}}),
        "tests.0.limits.output_kb: must be between 1 and 4096",
    ),
    (asking(limits={"output_kb": 4097}), "limits.output_kb: must be between 1 and 4096"),
    (asking(limits={"cpu_ms": 60_001}), "limits.cpu_ms: must be between 1 and 60000"),
    (asking(timeout=60_001), "timeout: must be between 1 and 60000"),
    (
        asking(input="x"),
        "input: can't be given together with tests, which have inputs of their own",
    ),
    (asking({"expected": None}, encoding="base64"), "tests.0.input: is not valid base64"),
    (
        asking({"input": "", "expected": "é"}, encoding="base64"),
        "tests.0.expected: is not valid base64",
    ),
    (CODE | {"checker": "lines"}, "checker: needs tests"),
    (asking(checker="fuzzy"), f"checker.type: must be one of {TYPES}"),
    (asking(checker=""), f"checker.type: must be one of {TYPES}"),
    (asking(checker={}), "checker.type: is required"),
    (asking(checker=1), "checker: must be an object"),
    (
        asking(checker={"type": "lines", "abs": 1}),
        "checker.abs: does not go with the checker lines",
    ),
    (
        asking(checker={"type": "float", "code": "x"}),
        "checker.code: does not go with the checker float",
    ),
    (asking(checker={"type": "float", "eps": 1}), "checker.eps: is not a known field"),
    (asking(checker={"type": "float", "abs": -1e-9}), "checker.abs: must be 0 or more"),
    (asking(checker={"type": "float", "rel": -1}), "checker.rel: must be 0 or more"),
    (
        asking(checker={"type": "float", "rel": float("inf")}),
        "checker.rel: must be a finite number",
    ),
    (asking(checker={"type": "float", "abs": True}), "checker.abs: must be a number"),
    (program(rel=1), "checker.rel: does not go with the checker program"),
    (
        program(language=None),
        "checker.language: must be one of the languages that GET /languages lists",
    ),
    (
        program(language="ruby"),
        "checker.language: must be one of the languages that GET /languages lists",
    ),
    (program(code=None), "checker.code: is required, or files"),
    (program(code="", files=[]), "checker.code: is required, or files"),
    (program(code="x" * 100_001), "checker.code: must be at most 100000 characters"),
    (
        program(files=[{"name": "a.c", "content": ""}]),
        "checker.files: can't be given together with code",
    ),
    (program(protocol="icpc"), "checker.protocol: must be one of testlib, kattis"),
    (program(args=["a\0"]), "checker.args.0: must not contain NUL"),
    (
        program(code=None, files=[{"name": name, "content": ""} for name in ("a.c", "feedback/a")]),
        "checker.files.1.name: is the name of a file the checker is given",
    ),
    (
        program(code=None, files=[{"name": "../a", "content": ""}]),
        "checker.files.0.name: must not be empty or have an empty, . or .. part",
    ),
    (
        program(code=None, files=[{"name": "a", "content": "x" * 100_001}]),
        "checker.files.0.content: must be at most 100000 characters",
    ),
    (
        program(code=None, files=[{"name": "a", "content": "", "x": 1}]),
        "checker.files.0.x: is not a known field",
    ),
    *(
        (
            program(code=None, files=[{"name": "a.c", "content": ""}, {"name": n, "content": ""}]),
            "checker.files.1.name: is the name of a file the checker is given",
        )
        for n in ("input.txt", "output.txt", "answer.txt", "input.txt/a.h")
    ),
    (asking(stop_on_failure=1), "stop_on_failure: must be true or false"),
    (asking(return_outputs="some"), "return_outputs: must be one of all, failed, none"),
    (asking(return_outputs=True), "return_outputs: must be a string"),
]


@pytest.mark.parametrize(("payload", "error"), WRONG)
def test_a_refusal_names_the_wrong_field(payload: object, error: str) -> None:
    assert refusal(payload) == error


def test_a_refusal_has_its_field_apart() -> None:
    for payload in (asking({"name": "2"}, {}), program(code=None, files=[])):
        with pytest.raises(Exception, match=":") as caught:
            convert(payload)
        assert str(caught.value).startswith(f"{caught.value.field}: ")  # type: ignore[attr-defined]


def test_a_number_too_large_for_a_double_is_not_finite() -> None:
    for text in ("1e999", "-1e999", "1" + "0" * 400):
        body = json.dumps(asking({"points": 0})).replace('"points": 0', f'"points": {text}')
        payload = json.loads(body)
        assert refusal(payload).startswith("tests.0.points: must be")


def test_many_wrong_tests_are_not_all_listed() -> None:
    with pytest.raises(ApiError) as caught:
        convert(CODE | {"tests": [{}] * MAX_ENTRIES})
    assert len(caught.value.problems) == MAX_PROBLEMS


def test_sizes_follow_the_settings() -> None:
    assert refusal(asking({"input": "éé"}), max_input_size=3) == (
        "tests.0.input: must be at most 3 bytes"
    )
    together = "tests: must be at most 7 bytes together"
    assert refusal(asking({}, {}), max_tests_size=7) == together
    assert len(judging(asking({}, {}), max_tests_size=8).tests) == 2
    assert refusal(asking({}, {}), max_tests=1) == "tests: must have between 1 and 1 entries"
    assert judging(asking(), max_returned_output=5).returned_bytes == 5
    helper = judging(program(), checker_timeout=100).checker_submission
    assert helper is not None
    assert (helper.limits.wall_ms, helper.limits.cpu_ms) == (300, 100)
    with_files = program(code=None, files=[{"name": n, "content": ""} for n in "ab"])
    assert refusal(with_files, max_files=1) == "checker.files: must be at most 1"


def test_what_says_how_to_judge_without_tests_is_warned_about() -> None:
    made = convert(CODE | {"stop_on_failure": False, "return_outputs": "all"})
    assert made.warnings == (
        "stop_on_failure ignored: there are no tests",
        "return_outputs ignored: there are no tests",
    )
    assert convert(asking(stop_on_failure=True, return_outputs="all")).warnings == ()
    assert convert(CODE | {"stop_on_failure": None}).warnings == ()


def test_the_longest_name_is_taken() -> None:
    names = ["x" * MAX_NAME, "é ✓", "a.b"]
    made = judging(asking(*({"name": name, "group": name} for name in names)))
    assert [test.name for test in made.tests] == names


@pytest.mark.parametrize(
    "text",
    ['{"points": 1e999}', '{"points": NaN}', '{"points": -0.0}', '{"points": 1' + "0" * 400 + "}"],
)
async def test_odd_numbers_on_the_wire_are_no_5xx(client: Client, text: str) -> None:
    test = '{"input": "", ' + text[1:]
    status, answer = await post_raw(
        client, f'{{"language": "c", "code": "x", "tests": [{test}]}}'.encode()
    )
    assert status == (200 if "-0.0" in text else 400)
    assert isinstance(answer["error"], str | None)
