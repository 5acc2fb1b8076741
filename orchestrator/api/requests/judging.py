"""From the wire to the domain: `tests`, `checker` and what goes with them. No I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from orchestrator.api.requests.files import decode_text, source_files
from orchestrator.api.requests.limits import TestLimits, checker_compile_limits, checker_limits
from orchestrator.api.requests.schemas import (
    CheckerRequest,
    ExecuteRequest,
    InteractorRequest,
    TestRequest,
    shorten,
)
from orchestrator.api.requests.words import check_words
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.judging.checker_program import ANSWER, ARGUMENTS, FEEDBACK, INPUT, OUTPUT
from orchestrator.jobs.judging.checkers import (
    CheckerProtocol,
    Exact,
    Float,
    Lines,
    TextChecker,
    Tokens,
    UnorderedLines,
)
from orchestrator.jobs.model import (
    Checker,
    CheckerProgram,
    Encoding,
    Interactor,
    JudgeTest,
    Judging,
    Limits,
    ReturnOutputs,
    Submission,
)
from orchestrator.languages.model import Language

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestrator.settings import Settings

FindLanguage = Callable[[str], Language | None]
"""An installed language by id or alias."""

MAX_NAME = 100
"""Most characters of a test's or a group's name."""
MAX_POINTS = 1e9

_PROGRAM = "program"
_FLOAT = "float"
_PLAIN: dict[str, TextChecker] = {
    "exact": Exact(),
    "lines": Lines(),
    "tokens": Tokens(),
    "unordered_lines": UnorderedLines(),
}
CHECKER_TYPES = (*_PLAIN, _FLOAT, _PROGRAM)
_OPTIONS = {_FLOAT: {"abs", "rel"}, _PROGRAM: {"language", "code", "files", "protocol", "args"}}


def to_judging(
    request: ExecuteRequest,
    limits: Limits,
    encoding: Encoding,
    find_language: FindLanguage,
    settings: Settings,
) -> Judging | None:
    """None: there are no tests. Raises InvalidSubmissionError that names the field."""
    if request.tests is None:
        for field in ("checker", "interactor"):
            if getattr(request, field) is not None:
                _refuse(field, "needs tests")
        return None
    if request.input:
        _refuse("input", "can't be given together with tests, which have inputs of their own")
    if not 1 <= len(request.tests) <= settings.max_tests:
        _refuse("tests", f"must have between 1 and {settings.max_tests} entries")
    common = TestLimits(request, limits, settings)
    tests = [
        _test(f"tests.{number}", str(number + 1), test, common, encoding)
        for number, test in enumerate(request.tests)
    ]
    _check_together(tests, settings)
    return Judging(
        tests=tuple(tests),
        checker=_checker(request, find_language, settings),
        stop_on_failure=bool(request.stop_on_failure),
        return_outputs=_return_outputs(request.return_outputs),
        returned_bytes=settings.max_returned_output,
    )


def useless_without_tests(request: ExecuteRequest) -> tuple[str, ...]:
    """A warning for each field that says how to judge, where nothing is judged."""
    if request.tests is not None:
        return ()
    given = {
        "stop_on_failure": request.stop_on_failure,
        "return_outputs": request.return_outputs,
    }
    return tuple(
        f"{name} ignored: there are no tests" for name, value in given.items() if value is not None
    )


def _test(
    field: str, usual_name: str, test: TestRequest, limits: TestLimits, encoding: Encoding
) -> JudgeTest:
    expected = None
    if test.expected is not None:
        expected = decode_text(test.expected, encoding, f"{field}.expected")
    return JudgeTest(
        name=_name(f"{field}.name", test.name or usual_name),
        stdin=decode_text(test.input, encoding, f"{field}.input"),
        expected=expected,
        limits=limits.resolve(f"{field}.limits", test.limits, len(expected or b"")),
        points=_points(field, test),
        group=None if test.group is None else _name(f"{field}.group", test.group),
    )


def _name(field: str, name: str) -> str:
    if not name.strip() or len(name) > MAX_NAME or not name.isprintable():
        _refuse(field, f"must be 1 to {MAX_NAME} printable characters")
    return name


def _points(field: str, test: TestRequest) -> float | None:
    if test.points is not None and not 0 <= test.points <= MAX_POINTS:
        _refuse(f"{field}.points", f"must be between 0 and {MAX_POINTS:g}")
    return test.points


def _check_together(tests: Sequence[JudgeTest], settings: Settings) -> None:
    if sum(len(test.stdin) + len(test.expected or b"") for test in tests) > settings.max_tests_size:
        _refuse("tests", f"must be at most {settings.max_tests_size} bytes together")
    numbers: dict[str, int] = {}
    for number, test in enumerate(tests):
        if len(test.stdin) > settings.max_input_size:
            _refuse(f"tests.{number}.input", f"must be at most {settings.max_input_size} bytes")
        first = numbers.setdefault(test.name, number)
        if first != number:
            _refuse(f"tests.{number}.name", f"{shorten(test.name)!r} is tests.{first}'s name too")


def _return_outputs(name: str | None) -> ReturnOutputs:
    try:
        return ReturnOutputs(name or ReturnOutputs.FAILED)
    except ValueError:
        _refuse("return_outputs", f"must be one of {', '.join(ReturnOutputs)}")


def _checker(request: ExecuteRequest, find_language: FindLanguage, settings: Settings) -> Checker:
    checker, interactor = request.checker, request.interactor
    if interactor is not None:
        if checker is not None:
            _refuse("checker", "can't be given together with interactor, which decides by itself")
        protocol = _protocol("interactor", interactor)
        program = _program("interactor", interactor, protocol, find_language, settings)
        kept = settings.max_transcript if interactor.transcript else 0
        return Interactor(program, kept, protocol)
    if checker is None:
        return Lines()
    if checker.type not in CHECKER_TYPES:
        _refuse("checker.type", f"must be one of {', '.join(CHECKER_TYPES)}")
    _check_options(checker)
    if checker.type == _PROGRAM:
        protocol = _protocol("checker", checker)
        program = _program("checker", checker, protocol, find_language, settings)
        return CheckerProgram(program, protocol)
    return _float(checker) if checker.type == _FLOAT else _PLAIN[checker.type]


def _check_options(checker: CheckerRequest) -> None:
    foreign = checker.model_fields_set - {"type"} - _OPTIONS.get(checker.type, set())
    for name in sorted(foreign):
        if getattr(checker, name) is not None:
            _refuse(f"checker.{name}", f"does not go with the checker {checker.type}")


def _float(request: CheckerRequest) -> Float:
    given = {name: getattr(request, name) for name in ("abs", "rel")}
    for name, tolerance in given.items():
        if tolerance is not None and tolerance < 0:
            _refuse(f"checker.{name}", "must be 0 or more")
    return Float(**{name: value for name, value in given.items() if value is not None})


def _protocol(field: str, request: CheckerRequest | InteractorRequest) -> CheckerProtocol:
    try:
        return CheckerProtocol(request.protocol or CheckerProtocol.TESTLIB)
    except ValueError:
        _refuse(f"{field}.protocol", f"must be one of {', '.join(CheckerProtocol)}")


def _program(
    field: str,
    request: CheckerRequest | InteractorRequest,
    protocol: CheckerProtocol,
    find_language: FindLanguage,
    settings: Settings,
) -> Submission:
    language = find_language(request.language or "")
    if language is None:
        _refuse(f"{field}.language", "must be one of the languages that GET /languages lists")
    if not request.code and not request.files:
        _refuse(f"{field}.code", "is required, or files")
    if len(request.code or "") > settings.max_code_size:
        _refuse(f"{field}.code", f"must be at most {settings.max_code_size} characters")
    try:
        files = source_files(request.code, request.files, language, settings)
    except InvalidSubmissionError as err:
        _refuse(f"{field}.{err.field}", err.hint or str(err).removeprefix(f"{err.field}: "))
    for index, file in enumerate(files):
        if file.path.split("/")[0] in {INPUT, OUTPUT, ANSWER, FEEDBACK}:
            _refuse(f"{field}.files.{index}.name", f"is the name of a file the {field} is given")
    return Submission(
        language=language.id,
        files=files,
        limits=checker_limits(language.limits, settings, talks=field == "interactor"),
        compile_limits=checker_compile_limits(language.limits, settings),
        args=(*ARGUMENTS[protocol], *check_words(f"{field}.args", request.args or (), settings)),
        compile_args=language.compile_args(request.language or ""),
    )


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidSubmissionError(f"{field}: {message}", field=field)
