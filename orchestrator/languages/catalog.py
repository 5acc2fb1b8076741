"""The catalog: the languages served right now, each with the image that its jobs run on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from orchestrator.languages.model import InstalledLanguage


class Catalog:
    """The languages that are served. Replaced as a whole; a job keeps the language it found."""

    def __init__(
        self,
        served: Iterable[InstalledLanguage] = (),
        disabled: Iterable[InstalledLanguage] = (),
    ) -> None:
        """See `replace`."""
        self.replace(served, disabled)

    def replace(
        self, served: Iterable[InstalledLanguage], disabled: Iterable[InstalledLanguage] = ()
    ) -> None:
        """Serve the languages `served`, in this order; those in `disabled` are known, not served.

        A name claimed twice belongs to the first language; an id goes before any alias.
        """
        self._served: dict[str, InstalledLanguage] = {}
        for each in served:
            self._served.setdefault(each.language.id, each)
        self._by_name = _by_name(self._served.values())
        self._disabled = _by_name(disabled)

    @property
    def names(self) -> tuple[str, ...]:
        """The ids and aliases of the served languages, in lower case."""
        return tuple(self._by_name)

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids of the served languages, in order."""
        return tuple(self._served)

    def find(self, name: str) -> InstalledLanguage | None:
        """Return the served language with that id or alias, in any case; None: there is none."""
        return self._by_name.get(name.lower())

    def is_disabled(self, name: str) -> bool:
        """Return whether an admin has disabled the language with that id or alias."""
        return name.lower() in self._disabled and self.find(name) is None

    def __getitem__(self, language_id: str) -> InstalledLanguage:
        return self._served[language_id]

    def __contains__(self, language_id: object) -> bool:
        return language_id in self._served

    def __iter__(self) -> Iterator[InstalledLanguage]:
        return iter(tuple(self._served.values()))

    def __len__(self) -> int:
        return len(self._served)


def _by_name(languages: Iterable[InstalledLanguage]) -> dict[str, InstalledLanguage]:
    known = tuple(languages)
    names = {each.language.id.lower(): each for each in known}
    for each in known:
        for alias in each.language.aliases:
            names.setdefault(alias.lower(), each)
    return names
