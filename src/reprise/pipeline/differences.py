"""The settings in which two recipes of a stage differ, in words."""

import difflib
import json
from collections.abc import Iterator, Mapping, Sequence

_LONGEST = 60
_SHOWN = 3
_ABSENT = object()


def setting_changes(stage: str, old: object, new: object) -> Iterator[str]:
    """Iterate over all settings that differ, as 'alpha 3.0 -> 2.0'."""
    yield from _changes(stage, (), old, new)


def _changes(stage: str, path: tuple[str, ...], old: object, new: object) -> Iterator[str]:
    if old == new and type(old) is type(new):
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in dict.fromkeys([*old, *new]):
            yield from _changes(stage, (*path, key), old.get(key, _ABSENT), new.get(key, _ABSENT))
    elif _are_entries(old) and _are_entries(new):
        yield from _changed_entries(stage, path, old, new)
    elif old != new:
        yield f"{_label(stage, path)} {_short(_text(old))} -> {_short(_text(new))}"


def _are_entries(value: object) -> bool:
    """Whether a value is a list of mappings, as the rows of a table are."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _changed_entries(stage: str, path: tuple[str, ...], old: object, new: object) -> Iterator[str]:
    assert isinstance(old, list) and isinstance(new, list)
    if len(old) == len(new):
        for before, after in zip(old, new, strict=True):
            yield from _changes(stage, path, before, after)
        return
    before, after = ([json.dumps(item, sort_keys=True) for item in items] for items in (old, new))
    same = difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks()
    kept_before = {block.a + step for block in same for step in range(block.size)}
    kept_after = {block.b + step for block in same for step in range(block.size)}
    for word, items, kept in (("without", old, kept_before), ("with", new, kept_after)):
        names = [_name(item) for index, item in enumerate(items) if index not in kept]
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            yield f"{_label(stage, path) or 'list'} {word} {', '.join(names[:_SHOWN])}{more}"


def _name(item: Mapping) -> str:
    """What an entry is called: its first text, as a name or a title is."""
    return _short(next((value for value in item.values() if isinstance(value, str)), _text(item)))


def _label(stage: str, path: Sequence[str]) -> str:
    words = [key for key in path if key != "rows"] or list(path)
    if stage == "train_codebook":
        words.insert(0, "codebook")
    return " ".join(words).replace("_", " ") or stage


def _text(value: object) -> str:
    """A value as one would write it, without the signs of JSON."""
    if value is _ABSENT:
        return "(not set)"
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return ", ".join(f"{key.replace('_', ' ')} {_text(inner)}" for key, inner in value.items()) or "nothing"
    if isinstance(value, list):
        return (
            ", ".join(f"({_text(item)})" if isinstance(item, list | Mapping) else _text(item) for item in value)
            or "nothing"
        )
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."
