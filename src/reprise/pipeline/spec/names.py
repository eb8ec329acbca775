"""Check that every name that an entry of the configuration refers to exists."""

import fnmatch
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from reprise.storage.errors import DataError, unknown_name
from reprise.storage.references import is_path
from reprise.storage.settings import Settings, without_braces


def unknown_references(
    entries: Mapping[str, Mapping[str, Settings]], sources: list[str], published: Iterable[str]
) -> Iterator[DataError]:
    """Find all names that do not exist.

    Args:
        entries: section -> name -> settings
        sources: the keys of sources.yaml, beside which the configuration may have some of its own
        published: the names of tables with published numbers

    Yields:
        an error for each, with the nearest name that exists
    """
    known: dict[str, Iterable[str]] = {
        **entries,
        "sources": [*sources, *entries["sources"]],
        "published": list(published),
    }
    for section, settings_of in entries.items():
        for name, settings in settings_of.items():
            for path, referred, mark in settings.referred():
                if mark.files and is_path(referred):
                    yield from _missing(f"config.{section}.{name}.{path}", referred)
                    continue
                names = [candidate for part in mark.sections for candidate in known[part]]
                if referred in names or (mark.pattern and fnmatch.filter(names, referred)):
                    continue
                yield unknown_name(f"config.{section}.{name}.{path}", referred, names)


def _missing(where: str, path: str) -> Iterator[DataError]:
    """Find a file of one's own that is not there, or that Snakemake would not take as it is."""
    try:
        without_braces(path)
    except ValueError as error:
        yield DataError(f"{where}: {error}")
    if not Path(path).is_file():
        yield DataError(f"{where}: there is no file '{path}'; correct the path, or give a name of 'checkpoints'")
