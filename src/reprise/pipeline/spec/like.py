"""``like: <name>``: an entry that takes over another one of its section and changes some of its keys."""

from collections.abc import Iterator, Mapping
from typing import Any

from reprise.storage.errors import DataError, unknown_name

KEY = "like"


def resolve_likes(section: str, entries: Mapping[str, Any], where: str = "config") -> dict[str, Any]:
    """Complete each entry of a section with the keys that it takes over.

    A mapping inside an entry is completed key by key; every other value replaces the one that is taken over.

    Args:
        section: the section
        entries: name -> entry
        where: what errors begin with

    Raises:
        DataError: an entry that is like one that does not exist, or like itself through others
    """
    problems = list(_problems(f"{where}.{section}", entries))
    if problems:
        raise DataError("\n".join(map(str, problems)))
    return {name: _resolved(name, entries) for name in entries}


def _problems(where: str, entries: Mapping[str, Any]) -> Iterator[DataError]:
    for name in entries:
        chain = [name]
        while (model := like(entries[chain[-1]])) is not None:
            if not isinstance(model, str) or model not in entries:
                if len(chain) == 1:
                    yield unknown_name(f"{where}.{name}.{KEY}", str(model), entries)
                break
            chain.append(model)
            if model in chain[:-1]:
                yield DataError(f"{where}.{name}.{KEY}: is like itself: {' <- '.join(map(str, chain))}")
                break


def like(entry: Any) -> str | None:
    """The name of the entry that ``entry`` takes over, if it does."""
    return entry.get(KEY) if isinstance(entry, Mapping) else None


def _resolved(name: str, entries: Mapping[str, Any]) -> Any:
    entry = entries[name]
    model = like(entry)
    if model is None:
        return entry
    base = _resolved(model, entries)
    # An entry that is no mapping is refused where it stands, and so is, with the same words, what is like it.
    changes = {key: value for key, value in entry.items() if key != KEY}
    return merge(base, changes) if isinstance(base, Mapping) else base


def merge(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with ``changes``; where both have a mapping, key by key."""
    merged = dict(base)
    for key, value in changes.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = merge(merged[key], value) if both else value
    return merged
