"""A server's answers as rows; as JSON, for scripts."""

from __future__ import annotations

import json
from typing import Any

from rich.console import Console

from orchestrator.cli.listing import Listing, make_listing

Json = dict[str, Any]

SHORT_DIGEST = 12


def print_json(value: Json, out: Console, *, indent: int | None = 2) -> None:
    """As it came, whatever is in it."""
    text = json.dumps(value, indent=indent)  # ASCII: nothing in it moves a cursor
    out.print(text, markup=False, highlight=False, soft_wrap=True)


def languages_listing(answer: Json) -> Listing:
    """Of `GET /admin/languages`: a row for each folder, and one for each variant."""
    rows = []
    for each in answer["languages"]:
        current = each["current"] or {}
        digest = str(current.get("digest", "")).removeprefix("sha256:")[:SHORT_DIGEST]
        size = f"{current['size'] / 1e6:.0f} MB" if current else ""
        previous = each["previous"]["version"] if each["previous"] else ""
        own, *variants = each["languages"] or [{"id": each["id"], "name": "", "aliases": []}]
        rows.append(
            [
                each["id"],
                own["name"],
                current.get("version", ""),
                each["state"],
                digest,
                size,
                previous,
                ", ".join(own["aliases"]),
            ]
        )
        rows += [
            [v["id"], v["name"], "", f"as {each['id']}", "", "", "", ", ".join(v["aliases"])]
            for v in variants
        ]
    return make_listing("id name version state digest size previous aliases", rows)


def builds_listing(answer: Json) -> Listing:
    """Of `GET /admin/builds`."""
    return make_listing(
        "id language state by began ended version error",
        (
            [
                each["id"],
                each["language"],
                each["state"],
                each["requested_by"],
                _time(each["started"]),
                _time(each["ended"]),
                each["version"],
                each["error"],
            ]
            for each in answer["builds"]
        ),
        spare=("by", "version", "ended"),
    )


def build_listings(build: Json) -> tuple[Listing, Listing]:
    """Of `GET /admin/builds/{id}`: the build, and what was tried."""
    fields = [[name, value] for name, value in build.items() if name != "checks"]
    checks = (
        [
            each["name"],
            "passed" if each["passed"] else "FAILED",
            each["detail"],
            each.get("first_try"),  # a server of an earlier version tries nothing twice
        ]
        for each in build["checks"]
    )
    return (
        make_listing("field value", fields),
        make_listing("tried outcome detail first_try", checks),
    )


def jobs_listing(answer: Json) -> Listing:
    """Of `GET /admin/jobs`."""
    return make_listing(
        "id language version key phase seconds position tests container",
        (
            [
                each["id"],
                each["language"],
                each["version"],
                each["key"],
                each["phase"],
                f"{each['duration'] / 1000:.1f}",
                each["position"],
                f"{each['tests']['done']} of {each['tests']['total']}" if each["tests"] else "",
                each["container"],
            ]
            for each in answer["jobs"]
        ),
        spare=("container", "version", "position"),
    )


def _time(text: str | None) -> str:
    """Without its fraction of a second."""
    return (text or "").partition(".")[0].replace("T", " ")
