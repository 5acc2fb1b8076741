"""The default languages' own samples, as requests."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from orchestrator.languages.registry import load_folders
from orchestrator.settings.images import DEFAULT_IMAGES_DIR


def sample_requests() -> dict[str, dict[str, Any]]:
    """By language and name: `language`, `code` and what else; those of one file, no variants'."""
    return {
        f"{sample.language} {sample.name}": {
            "language": sample.language,
            "code": sample.files[0].content.decode(),
            "input": sample.input,
            "limits": {key: value for key, value in asdict(sample.limits).items() if value},
        }
        for folder in load_folders(DEFAULT_IMAGES_DIR, ("c", "cpp", "java", "python"))
        for sample in folder.samples
        if sample.language == folder.id and len(sample.files) == 1
    }
