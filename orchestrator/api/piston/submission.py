"""From Piston's request to the domain: checked in its order, refused in its words. No I/O."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from orchestrator.api.piston.errors import refusal, unspeakable
from orchestrator.api.piston.files import source_files, to_bytes
from orchestrator.api.piston.limits import StageLimits, resolve_limits
from orchestrator.api.piston.runtimes import Runtime, find_runtime
from orchestrator.api.requests.words import check_words
from orchestrator.jobs.model import Submission
from orchestrator.settings import Settings

File = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Request:
    """A request of Piston's, checked; `runtime` is what it calls the language."""

    submission: Submission
    runtime: Runtime


def to_request(
    payload: object, runtimes: Sequence[Runtime], settings: Settings, *, output_bytes: int
) -> Request:
    """Check a body's JSON value, an object or a list, and fill in every default.

    `output_bytes`: most a stage may print, per stream. Raises PistonError, or what else is a 400.
    """
    body = cast("dict[str, object]", payload) if isinstance(payload, dict) else {}
    name = _required_text(body, "language")
    version = _required_text(body, "version")
    files = _files(body.get("files"))
    runtime = find_runtime(runtimes, name, version)
    if runtime is None:
        raise refusal(f"{name}-{version} runtime is unknown")
    if not any(not file.get("encoding") or file["encoding"] == "utf8" for file in files):
        raise refusal("files must include at least one utf8 encoded file")
    language = runtime.installed.language
    limits = resolve_limits(body, language.limits, settings, output_bytes)
    submission = _submission(body, files, runtime, limits, settings)
    return Request(replace(submission, compile_args=language.compile_args(name)), runtime)


def _submission(
    body: Mapping[str, object],
    files: Sequence[File],
    runtime: Runtime,
    limits: StageLimits,
    settings: Settings,
) -> Submission:
    language = runtime.installed.language
    stdin = _stdin(body.get("stdin"))
    return Submission(
        language=language.id,
        files=source_files(files, language, settings),
        limits=limits.run,
        stdin=stdin,
        args=check_words("args", _arguments(body.get("args"), settings.max_args), settings),
        env={"PISTON_LANGUAGE": runtime.language},
        compile_limits=limits.compile,
    )


def _required_text(body: Mapping[str, object], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise refusal(f"{name} is required as a string")
    return value


def _files(value: object) -> list[File]:
    if not isinstance(value, list):
        raise refusal("files is required as an array")
    files: list[File] = []
    for index, file in enumerate(value):
        if file is None:
            raise unspeakable(f"files[{index}] is null")
        if not isinstance(file, dict) or not isinstance(file.get("content"), str):
            raise refusal(f"files[{index}].content is required as a string")
        files.append(file)
    return files


def _stdin(value: object) -> bytes:
    """It always ends in a newline."""
    if value is None:
        value = ""
    if not isinstance(value, str):
        raise unspeakable("stdin must be a string")
    return to_bytes(value if value.endswith("\n") else value + "\n")


def _arguments(value: object, most: int) -> list[str]:
    """A text is as many arguments as it has characters. Of too many one more than `most`."""
    if value is None:
        return []
    if not isinstance(value, str | list):
        raise refusal("args must be an array")
    few = value[: most + 1]
    return [to_bytes(_argument(index, each)).decode() for index, each in enumerate(few)]


def _argument(index: int, value: object) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, dict | list):
        raise refusal(f"args[{index}] must be a string")
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e21:  # noqa: PLR2004 - JavaScript's
        value = int(value)
    return json.dumps(value)
