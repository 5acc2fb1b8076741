from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.api.callers.callers import ANYBODY
from orchestrator.api.errors import ApiError
from orchestrator.api.keys import ADMISSION
from orchestrator.api.piston.answer import OrderedOutput, stage_fields, to_answer
from orchestrator.api.piston.errors import PistonError
from orchestrator.api.piston.files import source_files, to_bytes
from orchestrator.api.piston.limits import configured_limits, resolve_limits
from orchestrator.api.piston.runtimes import Runtime, find_runtime, list_runtimes
from orchestrator.api.piston.submission import to_request
from orchestrator.app import build_app
from orchestrator.errors import EngineError, InvalidSubmissionError, RunnerError
from orchestrator.jobs.events import Printed, StageEnded
from orchestrator.jobs.model import Cause, Failure, JobResult, StageResult, Verdict
from orchestrator.jobs.queue.admission import Admission
from orchestrator.languages.model import InstalledLanguage, Language, LimitDefaults
from orchestrator.languages.registry import load_languages
from orchestrator.sandbox.model import StageKind, Stream
from orchestrator.settings.images import DEFAULT_IMAGES_DIR
from tests.api_support import (
    INSTALLED,
    KEY,
    LANGUAGES,
    NAME,
    StubService,
    make_language,
    make_result,
    make_settings,
)

if TYPE_CHECKING:
    from tests.api_support import Client, Serve

PATH = "/api/v2/execute"
HEADERS = {"Authorization": KEY, "Content-Type": "application/json"}
PRINT = {"language": "python", "version": "*", "files": [{"content": "print(1)"}]}
DEFAULTS = LimitDefaults(memory_mb=256, processes=64)
SETTINGS = make_settings()
REGISTRY = load_languages(DEFAULT_IMAGES_DIR, ("c", "cpp", "java", "python"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


def installed(*languages: Language, version: str = "1.2.3") -> list[InstalledLanguage]:
    return [InstalledLanguage(each, version, "sha256:0") for each in languages]


async def post(client: Client, payload: object = PRINT, **headers: str) -> tuple[int, Any, Any]:
    async with client.post(PATH, json=payload, headers=HEADERS | headers) as response:
        return response.status, await response.json(), response.headers


# Runtimes


def test_piston_s_names_come_first_and_ours_are_still_known() -> None:
    found = list_runtimes(installed(*LANGUAGES, make_language("r"), make_language("brainfuck")))
    assert [each.language for each in found] == [
        *("c", "c++", "java", "python", "rscript", "brainfuck")
    ]
    assert [each.aliases for each in found] == [
        ("gcc",),
        ("cpp", "g++"),
        (),
        ("py", "py3", "python3"),
        ("r",),
        (),
    ]


def test_a_name_that_another_language_has_is_that_one_s() -> None:
    found = list_runtimes(
        installed(
            make_language("bash"),
            make_language("dash", "sh"),
            make_language("d"),
            make_language("c++"),
        )
    )
    assert [(each.language, each.aliases) for each in found] == [
        ("bash", ()),
        ("dash", ("sh",)),
        ("d", ("gdc",)),
        ("c++", ()),
    ]
    assert list_runtimes(installed(make_language("c++"), make_language("cpp")))[1].language == "cpp"


def test_the_newest_match_is_found() -> None:
    language = make_language("python")
    both = [
        Runtime("python", version, ("py",), InstalledLanguage(language, version, "sha256:0"))
        for version in ("3.9.4", "3.12.0", "3.10.0")
    ]
    assert find_runtime(both, "py", "*") is both[1]
    assert find_runtime(both, "python", "<3.12") is both[2]
    assert find_runtime(both, "python", "3.11") is None


# Limits


def test_configured_limits_are_never_more_than_the_server_s() -> None:
    limits = configured_limits(
        make_settings(
            piston_run_timeout=100_000,
            piston_run_cpu_time=200_000,
            piston_compile_timeout=50_000,
            piston_compile_cpu_time=50_000,
        )
    )
    assert (limits["run_timeout"], limits["run_cpu_time"]) == (60_000, 60_000)
    assert (limits["compile_timeout"], limits["compile_cpu_time"]) == (40_000, 10_000)


@pytest.mark.parametrize(
    ("asked", "configured", "memory_mb"),
    [
        (None, -1, 256),
        (-1, -1, 256),
        (-10, 0, 256),
        (0, -1, 256),
        (1, -1, 16),
        (64 << 20, -1, 64),
        ((64 << 20) + 1, -1, 65),
        (10**20, -1, 512),
        (1e300, -1, 512),
        (None, 128 << 20, 128),
        (64 << 20, 128 << 20, 64),
        (None, 1 << 40, 512),
    ],
)
def test_memory_is_given_within_what_the_server_has(
    asked: float | None, configured: int, memory_mb: int
) -> None:
    settings = make_settings(
        piston_run_memory_limit=configured, piston_compile_memory_limit=configured
    )
    body = {"run_memory_limit": asked, "compile_memory_limit": asked}
    found = resolve_limits(body, DEFAULTS, settings, 1024)
    assert (found.run.memory_mb, found.compile.memory_mb) == (memory_mb, memory_mb)


def test_a_configured_memory_limit_is_checked() -> None:
    settings = make_settings(piston_run_memory_limit=1000)
    for value, text in (
        (1001, "run_memory_limit cannot exceed the configured limit of 1000"),
        (-1, "run_memory_limit must be non-negative"),
    ):
        with pytest.raises(PistonError, match=text):
            resolve_limits({"run_memory_limit": value}, DEFAULTS, settings, 1024)


def test_times_are_rounded_up_to_whole_milliseconds() -> None:
    body = {"run_timeout": 0.001, "run_cpu_time": 99.5}
    found = resolve_limits(body, DEFAULTS, SETTINGS, 1024)
    assert (found.run.wall_ms, found.run.cpu_ms) == (1, 100)
    assert (found.compile.wall_ms, found.compile.cpu_ms) == (10_000, 10_000)


# Files


def names(language_id: str, *files: dict[str, object]) -> list[str]:
    language = REGISTRY.find(language_id)
    assert language is not None
    given = [{"content": "", **file} for file in files]
    return [file.path for file in source_files(given, language, SETTINGS)]


@pytest.mark.parametrize(
    ("language", "file", "name"),
    [
        ("python", {}, "file0.code"),
        ("python", {"name": "a.txt"}, "a.txt"),
        ("python", {"name": ""}, "file0.code"),
        ("python", {"name": 0}, "file0.code"),
        ("cpp", {}, "file0.code.cpp"),
        ("cpp", {"name": "main"}, "main.cpp"),
        ("cpp", {"name": "a/main.cc"}, "a/main.cc"),
        ("c", {"name": "main.cpp"}, "main.cpp.c"),
        ("java", {}, "Main.java"),
        ("java", {"content": "class A {}", "name": "A.java"}, "A.java"),
        ("java", {"content": "class A {}", "name": "a.txt"}, "Main.java"),
        ("java", {"content": "public class B {}", "name": "x/Main.java"}, "x/B.java"),
        ("java", {"content": "public class \ud800 {}"}, "Main.java"),
        ("python", {"name": "\ud800.py"}, "\ufffd.py"),
    ],
)
def test_what_a_main_file_is_called(language: str, file: dict[str, object], name: str) -> None:
    assert names(language, file) == [name]


def test_only_sources_without_a_name_get_an_extension_beside_the_main_one() -> None:
    given: list[dict[str, object]] = [
        {"name": "main"},
        {},
        {"name": "util.h"},
        {"encoding": "base64"},
        {"name": "data"},
    ]
    assert names("cpp", *given) == [*("main.cpp", "file1.code.cpp", "util.h", "file3.code", "data")]


@pytest.mark.parametrize(
    "name",
    [
        "x/../" * 1000 + "x",
        "..",
        "../x",
        "a/../../x",
        ".",
        "/",
        "//",
        "a\0",
        "x" * 300,
        "a/" * 9 + "b",
        "a\nb",
    ],
)
def test_names_that_lead_nowhere_are_refused(name: str) -> None:
    with pytest.raises(PistonError, match=r"files\[0\]\.name "):
        names("python", {"name": name})


def test_a_name_is_checked_with_its_extension() -> None:
    with pytest.raises(PistonError, match=r"files\[0\]\.name "):
        names("cpp", {"name": "x" * 253})


@pytest.mark.parametrize(
    "files",
    [
        [{"name": "a"}, {"name": "a/b"}],
        [{"name": str(number)} for number in range(65)],
        [{"content": "x" * 100_001}],
    ],
)
def test_files_that_cannot_be_are_refused(files: list[dict[str, object]]) -> None:
    with pytest.raises(InvalidSubmissionError):
        names("python", *files)


@pytest.mark.parametrize(
    ("text", "encoding", "content"),
    [
        ("aGk=", "base64", b"hi"),
        ("aGk", "base64", b"hi"),
        ("a G\nk=", "base64", b"hi"),
        ("-_-_", "base64", b"\xfb\xff\xbf"),
        ("aGk=aGk=", "base64", b"hi"),
        ("aGkx!", "base64", b"hi1"),
        ("a", "base64", b""),
        ("6869", "hex", b"hi"),
        ("686", "hex", b"h"),
        ("68x9", "hex", b"h"),
        ("", "hex", b""),
        ("é", "latin1", "é".encode()),
    ],
)
def test_contents_are_read_as_node_reads_them(text: str, encoding: str, content: bytes) -> None:
    language = make_language("python", compiled=False)
    given = [{"content": ""}, {"content": text, "encoding": encoding}]
    assert source_files(given, language, SETTINGS)[1].content == content


@given(st.text(st.characters()))
def test_any_text_is_bytes(text: str) -> None:
    to_bytes(text).decode()


@given(
    st.fixed_dictionaries(
        {
            "language": st.just("python"),
            "version": st.just("*"),
            "files": st.just([{"content": ""}]),
        }
    ),
    st.dictionaries(
        st.sampled_from(
            ["language", "version", "files", "stdin", "args", "run_timeout", "compile_cpu_time"]
        )
        | st.text(max_size=4),
        JSON
        | st.lists(
            st.fixed_dictionaries(
                {"content": st.text(max_size=5)}, optional={"name": JSON, "encoding": JSON}
            )
        ),
    ),
)
def test_whatever_is_asked_is_taken_or_refused(good: Any, other: Any) -> None:
    try:
        found = to_request(
            good | other, list_runtimes(INSTALLED.values()), SETTINGS, output_bytes=1024
        )
    except (PistonError, ApiError, InvalidSubmissionError) as err:
        json.dumps(getattr(err, "body", None))
    else:
        assert found.submission.language == found.runtime.installed.language.id
        for argument in found.submission.args:
            argument.encode()
        for file in found.submission.files:
            file.path.encode()


@pytest.mark.parametrize("args", ["x" * 65, ["x"] * 10**6, ["x" * 32_769], ["a\0"]])
def test_more_arguments_than_can_be_are_refused(args: object) -> None:
    with pytest.raises(InvalidSubmissionError, match="args"):
        to_request(
            PRINT | {"args": args}, list_runtimes(INSTALLED.values()), SETTINGS, output_bytes=1024
        )


# Answers


def told(*events: Any) -> OrderedOutput:
    output = OrderedOutput()
    for event in events:
        output.send(event)
    return output


def test_output_is_in_the_order_in_which_it_came() -> None:
    stage = StageResult(Verdict.ACCEPTED, "aéc".encode(), b"123", exit_code=0)
    output = told(
        Printed(Stream.STDOUT, b"a\xc3"),
        Printed(Stream.STDERR, b"12"),
        Printed(Stream.STDOUT, b"\xa9c"),
        Printed(Stream.STDERR, b"3"),
        StageEnded(StageKind.RUN, stage),
    )
    fields = stage_fields(stage, output.stages[StageKind.RUN])
    assert (fields["stdout"], fields["stderr"], fields["output"]) == ("aéc", "123", "a12éc3")


def test_what_a_lost_attempt_printed_is_not_in_the_output() -> None:
    compiled = StageResult(Verdict.ACCEPTED, stderr=b"warning", exit_code=0)
    run = StageResult(Verdict.ACCEPTED, b"hi", exit_code=0)
    output = told(
        Printed(Stream.STDERR, b"warning"),
        StageEnded(StageKind.COMPILE, compiled),
        Printed(Stream.STDOUT, b"h"),
        Printed(Stream.STDERR, b"warning"),  # lost, and begun anew
        StageEnded(StageKind.COMPILE, compiled),
        Printed(Stream.STDOUT, b"hi"),
        StageEnded(StageKind.RUN, run),
    )
    outputs = {
        kind: stage_fields(stage, output.stages[kind])["output"]
        for kind, stage in ((StageKind.COMPILE, compiled), (StageKind.RUN, run))
    }
    assert outputs == {StageKind.COMPILE: "warning", StageKind.RUN: "hi"}
    assert not output.has_heard


RUNTIME = list_runtimes(INSTALLED.values())[3]


def run_of(result: JobResult) -> dict[str, Any]:
    fields: dict[str, Any] = to_answer(result, RUNTIME, OrderedOutput())["run"]
    return fields


@pytest.mark.parametrize(
    ("cause", "status", "signal", "message"),
    [
        (Cause.DEADLINE, "TO", "SIGKILL", "Time limit exceeded (wall clock)"),
        (Cause.DRAIN, "XX", None, "Cancelled: the server is shutting down"),
        (Cause.ADMIN, "XX", None, "Cancelled by an administrator"),
    ],
)
def test_a_job_that_was_cut_short_has_a_run_that_says_so(
    cause: Cause, status: str, signal: str | None, message: str
) -> None:
    result = make_result(status=Verdict.CANCELLED, killed_by=cause, run=None)
    run = run_of(result)
    assert (run["status"], run["signal"], run["message"]) == (status, signal, message)
    assert (run["code"], run["stderr"], run["memory"]) == (None, "", None)


@pytest.mark.parametrize(
    ("stage", "code", "status"),
    [
        (StageResult(Verdict.MEMORY_LIMIT, exit_code=0, killed_by=Cause.MEMORY), 137, "RE"),
        (StageResult(Verdict.MEMORY_LIMIT, exit_code=1, killed_by=Cause.MEMORY), 1, "RE"),
        (StageResult(Verdict.MEMORY_LIMIT, signal=6, killed_by=Cause.MEMORY), 134, "RE"),
        (StageResult(Verdict.MEMORY_LIMIT, killed_by=Cause.MEMORY), 137, "RE"),
        (StageResult(Verdict.RUNTIME_ERROR, killed_by=Cause.SANDBOX), None, "XX"),
    ],
)
def test_memory_and_a_lost_sandbox(stage: StageResult, code: int | None, status: str) -> None:
    run = run_of(make_result(status=stage.status, run=stage))
    assert (run["code"], run["status"], run["signal"]) == (code, status, None)


def test_figures_are_bytes_and_whole_milliseconds() -> None:
    stage = StageResult(Verdict.ACCEPTED, exit_code=0, cpu_ms=1.51, wall_ms=20.2, memory_kb=1000)
    run = run_of(make_result(run=stage))
    assert (run["cpu_time"], run["wall_time"], run["memory"]) == (2, 20, 1_024_000)


# Over HTTP


async def test_trouble_of_ours_is_a_503_that_says_to_come_back(serve: Serve) -> None:
    def failed(*_: Any) -> JobResult:
        failure = Failure.ENGINE_UNAVAILABLE
        return make_result(status=Verdict.INTERNAL_ERROR, run=None, failure=failure)

    full = Admission(slots=1, queue=0, memory_mb=512)
    full.ticket("key-1")
    for client, status in (
        (await serve(StubService(failed)), 503),
        (await serve(reason="no engine"), 503),
        (await serve(StubService(refusal=EngineError("secret"))), 503),
        (await serve(admission=full), 429),
    ):
        found, body, headers = await post(client)
        assert (found, list(body)) == (status, ["message"])
        assert int(headers["Retry-After"]) > 0
        assert "secret" not in body["message"]


async def test_a_body_that_does_not_come_is_a_408(serve: Serve) -> None:
    client = await serve(settings=make_settings(body_timeout=0.1))

    async def slowly() -> Any:
        yield b"{"
        await asyncio.sleep(1)

    async with client.post(PATH, data=slowly(), headers=HEADERS) as response:
        assert (response.status, list(await response.json())) == (408, ["message"])


async def test_what_the_service_refuses_is_a_400(serve: Serve) -> None:
    refusal = InvalidSubmissionError("files: too much", field="files")
    status, body, _ = await post(await serve(StubService(refusal=refusal)))
    assert (status, body) == (400, {"message": "files: too much"})


@pytest.mark.parametrize("authorization", ["", "wrong", "Bearer wrong"])
async def test_a_server_may_need_no_key(serve: Serve, authorization: str) -> None:
    service = StubService()
    client = await serve(service, settings=make_settings(piston_needs_key=False))
    assert (await post(client, Authorization=authorization))[0] == 200
    assert (await post(client))[0] == 200
    assert [ticket.key for ticket in service.tickets] == [ANYBODY.name, NAME]
    async with client.post("/execute", json={}, headers={"Authorization": "x"}) as response:
        assert response.status == 401


@pytest.mark.parametrize("needs_key", [True, False])
def test_who_has_no_key_does_not_take_every_place(*, needs_key: bool) -> None:
    settings = make_settings(api_key=KEY, piston_needs_key=needs_key, max_jobs=2, max_queue=2)
    admission = build_app(settings)[ADMISSION]
    tickets = 0
    try:
        while True:
            admission.ticket(ANYBODY.name)
            tickets += 1
    except RunnerError:
        assert tickets == (4 if needs_key else 3)


async def test_the_stages_get_their_own_limits(serve: Serve) -> None:
    service = StubService()
    body = PRINT | {"language": "c++", "compile_timeout": 5000, "compile_memory_limit": 300 << 20}
    await post(await serve(service), body | {"run_timeout": 100, "run_cpu_time": 50})
    (submission,) = service.submissions
    run, compiling = submission.limits, submission.compile_limits
    assert compiling is not None
    assert (run.wall_ms, run.cpu_ms, run.memory_mb, run.output_bytes) == (100, 50, 256, 1024)
    assert (compiling.wall_ms, compiling.cpu_ms, compiling.memory_mb) == (5000, 10_000, 300)
    assert submission.env == {"PISTON_LANGUAGE": "c++"}


CHROME = "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "path", "is_page"),
    [
        (CHROME, "/", True),
        ("text/html", "/", True),
        (CHROME, "/piston", False),
        ("*/*", "/", False),
        ("application/json, text/plain, */*", "/", False),
        ("application/json", "/", False),
        ("text/html;q=0.1, application/json", "/", False),
        ("text/html;q=0", "/", False),
        ("", "/", False),
    ],
)
async def test_a_browser_at_the_root_is_led_to_a_page_and_a_client_of_piston_is_not(
    client: Client, accept: str, path: str, *, is_page: bool
) -> None:
    async with client.get(path, headers={"Accept": accept}, allow_redirects=False) as response:
        assert response.status == (302 if is_page else 200)
        if is_page:
            assert response.headers["Location"] == "docs"
        else:
            assert await response.json() == {"message": "Piston v3.1.1"}
        assert (response.headers.get("Vary") == "Accept") == (path == "/")
    if is_page:
        async with client.get(path, headers={"Accept": accept}) as response:
            assert (response.status, response.content_type) == (200, "text/html")


async def test_who_has_no_key_or_a_wrong_one_is_told_which_in_a_header(client: Client) -> None:
    for headers, error in (({}, False), ({"Authorization": "wrong"}, True)):
        async with client.post(PATH, json=PRINT, headers=headers) as response:
            assert (response.status, await response.json()) == (401, {"message": "Unauthorized"})
            assert ("invalid_token" in response.headers["WWW-Authenticate"]) == error
