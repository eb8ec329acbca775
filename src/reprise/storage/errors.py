"""Exceptions for bad input. Every message names the file or key, what is wrong with it, and the remedy."""

import difflib
from collections.abc import Iterable

_LISTED = 12


class DataError(ValueError):
    """A file, an array or a setting that cannot be used as it is."""


class DownloadError(DataError):
    """A file that could not be downloaded, or that is not the expected one."""


def unknown_name(where: str, name: str, known: Iterable[str]) -> DataError:
    """Make the error for a name that does not exist, with the nearest one that does.

    Args:
        where: what the message begins with
        name: the unknown name
        known: the names that exist
    """
    known = sorted(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    listed = ", ".join(known[:_LISTED]) + (f" and {len(known) - _LISTED} more" if len(known) > _LISTED else "")
    hint = f"did you mean '{close[0]}'?" if close else f"known are: {listed}"
    return DataError(f"{where}: unknown name '{name}'; {hint}")
