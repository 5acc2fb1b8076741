"""What is served, by id and by alias, and the exchange of it."""

from __future__ import annotations

import pytest

from orchestrator.languages.catalog import Catalog
from orchestrator.languages.model import InstalledLanguage
from tests.api_support import make_language


def installed(language_id: str, *aliases: str, digest: str = "sha256:0") -> InstalledLanguage:
    return InstalledLanguage(make_language(language_id, *aliases), "1.0", digest)


def test_names_are_found_in_any_case_and_ids_before_aliases() -> None:
    catalog = Catalog([installed("one", "Uno", "two"), installed("two"), installed("three", "uno")])
    found = {name: catalog.find(name) for name in ("ONE", "uno", "Two", "three", "four")}
    assert {name: each and each.language.id for name, each in found.items()} == {
        "ONE": "one",
        "uno": "one",
        "Two": "two",
        "three": "three",
        "four": None,
    }
    assert catalog.ids == ("one", "two", "three")
    assert [each.language.id for each in catalog] == ["one", "two", "three"]
    assert len(catalog) == 3


def test_of_two_languages_with_one_id_the_first_is_served() -> None:
    catalog = Catalog([installed("one", digest="sha256:a"), installed("one", digest="sha256:b")])
    assert [each.digest for each in catalog] == ["sha256:a"]


def test_the_catalog_is_replaced_as_a_whole_and_found_languages_stay() -> None:
    catalog = Catalog([installed("one"), installed("two")])
    before = catalog["one"]
    walk = iter(catalog)
    next(walk)
    catalog.replace([installed("one", digest="sha256:1")])
    assert [each.language.id for each in walk] == ["two"]
    assert (before.digest, catalog["one"].digest) == ("sha256:0", "sha256:1")
    assert "two" not in catalog
    with pytest.raises(KeyError):
        catalog["two"]


def test_a_disabled_language_is_known_by_those_of_its_names_that_no_served_one_has() -> None:
    catalog = Catalog([installed("one", "uno")], [installed("old", "alt", "uno")])
    assert catalog.find("old") is None
    assert catalog.is_disabled("OLD")
    assert catalog.is_disabled("alt")
    assert not catalog.is_disabled("uno")
    assert not catalog.is_disabled("one")
    assert not catalog.is_disabled("never")
