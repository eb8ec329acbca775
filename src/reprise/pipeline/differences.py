"""The settings in which two recipes of a stage differ, in words."""

import json
from collections.abc import Iterator, Mapping

_LONGEST = 60


def setting_changes(stage: str, old: object, new: object) -> Iterator[str]:
    """Iterate over all settings that differ, as 'alpha 3.0 -> 2.0'."""
    before, after = dict(_flat(old)), dict(_flat(new))
    for path in dict.fromkeys([*before, *after]):
        if before.get(path, _ABSENT) != after.get(path, _ABSENT):
            yield f"{_label(stage, path)} {_value(before, path)} -> {_value(after, path)}"


_ABSENT = object()


def _flat(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Iterate over the leaves of nested mappings and of lists of mappings, with their keys."""
    if isinstance(value, Mapping) and (value or not path):
        for key, inner in value.items():
            yield from _flat(inner, (*path, key))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for index, inner in enumerate(value):
            yield from _flat(inner, (*path, str(index)))
    else:
        yield path, value


def _label(stage: str, path: tuple[str, ...]) -> str:
    words = [key for key in path if not key.isdigit() and key != "rows"]
    if stage == "train_codebook":
        words.insert(0, "codebook")
    return " ".join(words).replace("_", " ") or stage


def _value(values: Mapping[tuple[str, ...], object], path: tuple[str, ...]) -> str:
    if path not in values:
        return "(none)"
    value = values[path]
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
