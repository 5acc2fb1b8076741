"""From the wire to the domain: a JSON value becomes a `Submission`, or a refusal. No I/O.

The older runner's checks come first, in its order and its words; then types (`schemas.py`), then
bounds and meaning.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, NoReturn, cast

from orchestrator.api.errors import Problem, invalid
from orchestrator.api.requests.files import decode_text, source_files
from orchestrator.api.requests.judging import to_judging, useless_without_tests
from orchestrator.api.requests.limits import resolve_limits
from orchestrator.api.requests.schemas import ExecuteRequest, parse_execute, shorten, unknown_fields
from orchestrator.api.requests.words import check_size, check_words
from orchestrator.errors import InvalidSubmissionError
from orchestrator.jobs.model import Encoding, Submission

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestrator.languages.catalog import Catalog
    from orchestrator.languages.model import InstalledLanguage, Language
    from orchestrator.settings import Settings

LONGEST_TYPO = 32
_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def to_submission(payload: object, *, catalog: Catalog, settings: Settings) -> Submission:
    """Check a request's JSON value and fill in every default.

    Raises ApiError or InvalidSubmissionError; either names the field and is a 400.
    """
    if not isinstance(payload, dict):
        raise invalid([Problem("body", "must be a JSON object")], "The body must be a JSON object")
    fields = cast("dict[str, object]", payload)

    def find_language(name: str) -> Language | None:
        found = catalog.find(name)
        return None if found is None else found.language

    installed = _language(fields, catalog, settings)
    language = installed.language
    request = parse_execute(fields)
    _check_version(request.version, installed.version)
    encoding = Encoding(request.encoding or Encoding.UTF8)
    limits = resolve_limits(request, language.limits, settings)
    return Submission(
        language=language.id,
        files=source_files(request.code, request.files, language, settings),
        limits=limits,
        stdin=_stdin(request.input or "", encoding, settings.max_input_size),
        args=check_words("args", request.args or (), settings),
        env=_environment(request.env or {}, settings),
        compile_args=language.compile_args(str(fields["language"]))
        + check_words("compile_args", request.compile_args or (), settings),
        encoding=encoding,
        warnings=unknown_fields(fields) + _useless_fields(request, language),
        judging=to_judging(request, limits, encoding, find_language, settings),
    )


def _language(
    fields: Mapping[str, object], catalog: Catalog, settings: Settings
) -> InstalledLanguage:
    """The older runner's three checks."""
    name, code = fields.get("language"), fields.get("code")
    has_code = bool(code) and isinstance(code, str)
    if not isinstance(name, str) or not name:
        _refuse_older("language", "Missing language or code")
    if not has_code and not (code in (None, "") and fields.get("files")):
        _refuse_older("code", "Missing language or code")
    if isinstance(code, str) and len(code) > settings.max_code_size:
        _refuse_older("code", "Code exceeds maximum size")
    installed = catalog.find(name)
    if installed is None:
        if catalog.is_disabled(name):
            _refuse("language", f"{shorten(name)!r} has been switched off on this server")
        hint = _where_languages_are(name, catalog.names)
        raise InvalidSubmissionError("Unsupported language", field="language", hint=hint)
    return installed


def _where_languages_are(name: str, known: Sequence[str]) -> str:
    """What to do about a language that is not served; `known`: the names of those that are."""
    # What is long is no typo, and comparing it takes time by its square.
    alike = get_close_matches(name.lower(), known, n=1) if len(name) <= LONGEST_TYPO else []
    meant = f"; the nearest is {alike[0]!r}" if alike else ""
    return f"{shorten(name)!r} is no language of this server{meant}; GET /languages lists them"


def _stdin(text: str, encoding: Encoding, max_bytes: int) -> bytes:
    data = decode_text(text, encoding, "input")
    if len(data) > max_bytes:
        _refuse("input", f"must be at most {max_bytes} bytes")
    return data


def _check_version(wanted: str | None, version: str) -> None:
    """`17` and `17.0` are met by 17.0.15, `1` is not."""
    if wanted is None:
        return
    rest = version.removeprefix(wanted)
    if rest == version or rest[:1].isalnum():
        _refuse("version", f"{shorten(wanted)!r} is not here, only {version}")


def _environment(env: Mapping[str, str], settings: Settings) -> dict[str, str]:
    check_size("env", [f"{name}={value}" for name, value in env.items()], settings)
    for name, value in env.items():
        if not _ENV_NAME.fullmatch(name):
            _refuse(f"env.{shorten(name)}", "must be a name of letters, digits and _")
        if "\0" in value:
            _refuse(f"env.{shorten(name)}", "must not contain NUL")
    return dict(env)


def _useless_fields(request: ExecuteRequest, language: Language) -> tuple[str, ...]:
    useless = useless_without_tests(request)
    if request.compile_args and language.compile is None:
        useless += (f"compile_args ignored: {language.name} programs are not compiled",)
    return useless


def _refuse(field: str, message: str) -> NoReturn:
    raise InvalidSubmissionError(f"{field}: {message}", field=field)


def _refuse_older(field: str, message: str) -> NoReturn:
    raise InvalidSubmissionError(message, field=field)
