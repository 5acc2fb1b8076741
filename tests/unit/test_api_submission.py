from __future__ import annotations

from typing import Any

import pytest

from orchestrator.api.errors import ApiError
from orchestrator.api.requests.files import MAX_LEVELS, MAX_NAME_BYTES, decode_base64, name_problem
from orchestrator.api.requests.schemas import MAX_ENTRIES, MAX_PROBLEMS, MAX_UNKNOWN, LimitsRequest
from orchestrator.api.requests.submission import to_submission
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Encoding, Limits, Submission
from orchestrator.sandbox.model import SourceFile
from tests.api_support import make_catalog, make_settings

CODE = {"language": "c", "code": "int main(void) {}"}


def convert(payload: object, **settings: Any) -> Submission:
    return to_submission(payload, catalog=make_catalog(), settings=make_settings(**settings))


def refusal(payload: object, **settings: Any) -> str:
    with pytest.raises((ApiError, InvalidSubmissionError)) as caught:
        convert(payload, **settings)
    return str(caught.value)


def files(*names: str) -> dict[str, Any]:
    return {"language": "c", "files": [{"name": name, "content": "x"} for name in names]}


def test_the_least_gets_every_default() -> None:
    assert convert(CODE) == Submission(
        language="c",
        files=(SourceFile("main.c", b"int main(void) {}"),),
        limits=Limits(wall_ms=5000, cpu_ms=5000, memory_mb=256, output_bytes=100_000, processes=64),
    )


def test_a_language_that_was_switched_off_is_said_to_be() -> None:
    assert refusal(CODE | {"language": "Lisp"}) == (
        "language: 'Lisp' has been switched off on this server"
    )


def test_the_most_is_taken_over() -> None:
    submission = convert(
        {
            "language": "c++",
            "files": [
                {"name": "main.cpp", "content": "é"},
                {"name": "data/in.bin", "content": "/w==", "encoding": "base64"},
            ],
            "input": "AAE=",
            "timeout": 1,
            "args": ["-x", ""],
            "env": {"PATH": "/bin", "_1": ""},
            "compile_args": ["-Wall"],
            "version": "17.0",
            "limits": {
                "wall_ms": 60_000,
                "cpu_ms": 1,
                "memory_mb": 512,
                "output_kb": 1,
                "processes": 4,
            },
            "encoding": "base64",
        }
    )
    assert submission == Submission(
        language="cpp",
        files=(SourceFile("main.cpp", "é".encode()), SourceFile("data/in.bin", b"\xff")),
        limits=Limits(wall_ms=60_000, cpu_ms=1, memory_mb=512, output_bytes=1024, processes=4),
        stdin=b"\0\x01",
        args=("-x", ""),
        env={"PATH": "/bin", "_1": ""},
        compile_args=("-Wall",),
        encoding=Encoding.BASE64,
    )


def test_null_is_the_same_as_leaving_out() -> None:
    optional = "files input timeout args env compile_args version limits encoding tests checker"
    assert convert(CODE | dict.fromkeys(optional.split())) == convert(CODE)
    assert convert(CODE | {"limits": {"wall_ms": None}, "files": []}) == convert(CODE)
    empty_code = files("a.c") | {"code": ""}
    assert convert(empty_code) == convert(files("a.c"))


@pytest.mark.parametrize(
    ("asked", "wall_ms", "cpu_ms"),
    [
        ({"timeout": 700}, 700, 700),
        ({"timeout": 700, "limits": {"wall_ms": 900}}, 900, 900),
        ({"timeout": 700, "limits": {"cpu_ms": 100}}, 700, 100),
        ({"limits": {"wall_ms": 100, "cpu_ms": 900}}, 100, 900),
    ],
)
def test_wall_wins_over_timeout_and_cpu_follows_wall(
    asked: dict[str, Any], wall_ms: int, cpu_ms: int
) -> None:
    limits = convert(CODE | asked).limits
    assert (limits.wall_ms, limits.cpu_ms) == (wall_ms, cpu_ms)


def test_output_never_exceeds_the_setting() -> None:
    assert convert(CODE | {"limits": {"output_kb": 98}}).limits.output_bytes == 100_000
    assert convert(CODE | {"limits": {"output_kb": 97}}).limits.output_bytes == 97 * 1024
    assert "between 1 and 98" in refusal(CODE | {"limits": {"output_kb": 99}})
    assert convert(CODE, max_output_size=10).limits.output_bytes == 10


def test_unknown_fields_are_named_in_short() -> None:
    assert convert(CODE | {"stdin": 1, "x" * 100: 2}).warnings == (
        "Unknown field ignored: stdin",
        f"Unknown field ignored: {'x' * 64}…",
    )
    many = convert(CODE | dict.fromkeys(map(str, range(MAX_PROBLEMS + 5)))).warnings
    assert len(many) == MAX_PROBLEMS + 1
    assert many[-1] == "Unknown fields ignored: 5 more"


def test_compile_args_without_a_compiler_are_warned_about() -> None:
    payload = {"language": "python", "code": "1", "compile_args": ["-O"]}
    assert convert(payload).warnings == ("compile_args ignored: PYTHON programs are not compiled",)
    assert convert(payload | {"compile_args": []}).warnings == ()


@pytest.mark.parametrize("version", ["17", "17.0", "17.0.15", "17.0.15+6"])
def test_a_version_is_a_prefix_by_components(version: str) -> None:
    assert convert(CODE | {"version": version}).language == "c"


@pytest.mark.parametrize("version", ["1", "18", "17.0.1", "7", "17.", "", "17.0.15+6.1", "v" * 999])
def test_another_version_is_refused(version: str) -> None:
    error = refusal(CODE | {"version": version})
    assert error.startswith("version: ")
    assert error.endswith(" is not here, only 17.0.15+6")
    assert len(error) < 200


WRONG: list[tuple[object, str]] = [
    (None, "The body must be a JSON object"),
    ("text", "The body must be a JSON object"),
    (CODE | {"language": "ruby"}, "Unsupported language"),
    (files("a.c") | {"code": 1}, "Missing language or code"),
    (CODE | files("a.c"), "files: can't be given together with code"),
    (CODE | {"code": "\ud800"}, "code: is not valid Unicode text"),
    (CODE | {"input": "\ud800"}, "input: is not valid Unicode text"),
    (CODE | {"args": ["\udfff"]}, "args.0: is not valid Unicode text"),
    (CODE | {"env": {"A": "\ud800"}}, "env.A: is not valid Unicode text"),
    (CODE | {"encoding": "\ud800"}, "encoding: is not valid Unicode text"),
    (files("\ud800"), "files.0.name: is not valid Unicode text"),
    (CODE | {"input": 1}, "input: must be a string"),
    (CODE | {"timeout": 5000.0}, "timeout: must be a whole number"),
    (CODE | {"timeout": "5000"}, "timeout: must be a whole number"),
    (CODE | {"timeout": True}, "timeout: must be a whole number"),
    (CODE | {"timeout": 60_001}, "timeout: must be between 1 and 60000"),
    (CODE | {"limits": []}, "limits: must be an object"),
    (CODE | {"limits": {"wall": 1}}, "limits.wall: is not a known field"),
    (CODE | {"limits": {"wall_ms": 0}}, "limits.wall_ms: must be between 1 and 60000"),
    (
        CODE | {"timeout": -1, "limits": {"wall_ms": 1}},
        "timeout: must be between 1 and 60000",
    ),
    (CODE | {"limits": {"cpu_ms": -1}}, "limits.cpu_ms: must be between 1 and 60000"),
    (CODE | {"limits": {"memory_mb": 15}}, "limits.memory_mb: must be between 16 and 512"),
    (CODE | {"limits": {"memory_mb": 10**99}}, "limits.memory_mb: must be between 16 and 512"),
    (CODE | {"limits": {"output_kb": 0}}, "limits.output_kb: must be between 1 and 98"),
    (CODE | {"limits": {"processes": 3}}, "limits.processes: must be between 4 and 512"),
    (CODE | {"files": {"a": 1}, "code": ""}, "files: must be a list"),
    (CODE | {"files": ["a.c"], "code": ""}, "files.0: must be an object"),
    (CODE | {"files": [{"name": "a.c"}], "code": ""}, "files.0.content: is required"),
    (
        CODE | {"files": [{"name": "a", "content": "", "x": 1}], "code": ""},
        "files.0.x: is not a known field",
    ),
    (files("a.c", "/etc/passwd"), "files.1.name: must be a relative path"),
    (files("a.c", "a.c"), "files.1.name: is given twice"),
    (files("a/b", "a"), "files.1.name: is a folder of another file too"),
    (files("a", "a/b/c"), "files.0.name: is a folder of another file too"),
    (CODE | {"args": "-x"}, "args: must be a list"),
    (CODE | {"args": ["a", 1]}, "args.1: must be a string"),
    (CODE | {"args": ["a\0"]}, "args.0: must not contain NUL"),
    (CODE | {"args": [""] * 65}, "args: must have at most 64 entries"),
    (CODE | {"args": ["é" * 16_385]}, "args: must be at most 32768 bytes together"),
    (CODE | {"compile_args": ["\0"]}, "compile_args.0: must not contain NUL"),
    (CODE | {"env": []}, "env: must be an object"),
    (CODE | {"env": {"A": 1}}, "env.A: must be a string"),
    (CODE | {"env": {"A": "\0"}}, "env.A: must not contain NUL"),
    (CODE | {"env": {"1A": ""}}, "env.1A: must be a name of letters, digits and _"),
    (CODE | {"env": {"A=": ""}}, "env.A=: must be a name of letters, digits and _"),
    (CODE | {"env": {"A\n": ""}}, "env.A\n: must be a name of letters, digits and _"),
    (CODE | {"env": {str(n): "" for n in range(65)}}, "env: must have at most 64 entries"),
    (CODE | {"version": 17}, "version: must be a string"),
    (CODE | {"encoding": "utf-8"}, "encoding: must be utf8 or base64"),
    (CODE | {"encoding": "base64", "input": "é"}, "input: is not valid base64"),
    (CODE | {"args": [1] * (MAX_ENTRIES + 1)}, "args: has more than 1000 entries"),
    (
        CODE | {"env": {str(n): 0 for n in range(MAX_ENTRIES + 1)}},
        "env: has more than 1000 entries",
    ),
    (
        CODE
        | {"limits": {str(n): 0 for n in range(len(LimitsRequest.model_fields) + MAX_UNKNOWN + 1)}},
        "limits: has too many fields",
    ),
]


@pytest.mark.parametrize(("payload", "error"), WRONG, ids=[error for _, error in WRONG])
def test_a_refusal_names_the_wrong_field(payload: object, error: str) -> None:
    assert refusal(payload) == error


def test_a_lone_surrogate_as_a_name_is_refused() -> None:
    assert refusal(CODE | {"env": {"\ud800": ""}}).endswith("is not valid Unicode text")
    assert refusal(CODE | {"limits": {"\ud800": 1}}).startswith("limits")


def test_every_problem_is_listed_up_to_a_bound() -> None:
    with pytest.raises(ApiError) as caught:
        convert(CODE | {"args": [1] * 50})
    assert [problem.field for problem in caught.value.problems] == [
        f"args.{n}" for n in range(MAX_PROBLEMS)
    ]


def test_sizes_follow_the_settings() -> None:
    assert refusal(CODE, max_code_size=3) == "Code exceeds maximum size"
    assert refusal(CODE | {"input": "éé"}, max_input_size=3) == "input: must be at most 3 bytes"
    assert refusal(files("a", "b"), max_files=1) == "files: must be at most 1"
    text = {"language": "c", "files": [{"name": "a", "content": "éé"}]}
    assert convert(text, max_code_size=2).files[0].content == "éé".encode()
    assert refusal(text, max_code_size=1) == "Code exceeds maximum size"
    data = {"language": "c", "files": [{"name": "a", "content": "AAAA", "encoding": "base64"}]}
    assert convert(data, max_code_size=3).files[0].content == b"\0\0\0"
    assert refusal(data, max_code_size=2) == "Code exceeds maximum size"


@pytest.mark.parametrize(
    "name",
    [
        "main.c",
        "a/b/c",
        "..a",
        "a..",
        ".hidden",
        "with space",
        "é",
        "-o",
        "back\\slash",
        "x" * MAX_NAME_BYTES,
        "/".join("x" * MAX_LEVELS),
    ],
)
def test_good_file_names(name: str) -> None:
    assert name_problem(name) is None


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "empty"),
        (".", "empty"),
        ("..", "empty"),
        ("../a", "empty"),
        ("a/../b", "empty"),
        ("a//b", "empty"),
        ("a/", "empty"),
        ("./a", "empty"),
        ("/a", "relative"),
        ("/", "relative"),
        ("a\0b", "control"),
        ("a\nb", "control"),
        ("a\x7f", "control"),
        ("a\x85", "control"),
        ("x" * (MAX_NAME_BYTES + 1), "255 bytes"),
        ("é" * 128, "255 bytes"),
        ("/".join("x" * (MAX_LEVELS + 1)), "8 levels"),
    ],
)
def test_bad_file_names(name: str, why: str) -> None:
    assert why in (name_problem(name) or "")


@pytest.mark.parametrize(
    "text", ["A", "AA", "AA=", "AA==\n", "A A=", "AA==AA==", "====", "é", "-_=="]
)
def test_invalid_base64_is_refused(text: str) -> None:
    with pytest.raises(InvalidSubmissionError, match="input: is not valid base64"):
        decode_base64(text, "input")
