"""Whether every name that an entry of the configuration refers to exists."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping

from reprise.storage.errors import DataError, unknown_name
from reprise.storage.settings import Settings


def unknown_references(
    entries: Mapping[str, Mapping[str, Settings]], sources: list[str], published: Iterable[str]
) -> Iterator[DataError]:
    """An error, with the nearest name that exists, for every name that does not."""
    known: dict[str, Iterable[str]] = {**entries, "sources": sources, "published": list(published)}
    for section, settings_of in entries.items():
        for name, settings in settings_of.items():
            for path, referred, mark in settings.referred():
                names = [candidate for part in mark.sections for candidate in known[part]]
                if referred in names or (mark.pattern and fnmatch.filter(names, referred)):
                    continue
                yield unknown_name(f"config.{section}.{name}.{path}", referred, names)
