"""All that a job would refuse after hours of other jobs is refused before anything is planned.

What no model of a single entry can find, entries that do not fit each other, is found by the modules of ``checks``.
"""

from collections.abc import Iterator

from reprise.pipeline.spec.checks import of_experiments, of_features, of_tables, of_trainings
from reprise.pipeline.spec.entry_names import Entries
from reprise.storage.errors import DataError

# Folders of the data that the archives of `images` are unpacked beside.
_RESERVED = ("downloads", "mirror", "mini")


def inconsistencies(entries: Entries) -> Iterator[DataError]:
    """Find all entries that do not fit each other; names that do not exist are left to the check of names.

    Args:
        entries: section -> name -> settings

    Yields:
        one error for each
    """
    for problems in (
        _folders,
        of_tables.problems,
        of_trainings.problems,
        of_experiments.problems,
        of_features.problems,
    ):
        yield from problems(entries)


def _folders(entries: Entries) -> Iterator[DataError]:
    for name in sorted(set(entries["images"]) & set(_RESERVED)):
        yield DataError(f"config.images.{name}: this is the name of another folder of the data; choose another")
