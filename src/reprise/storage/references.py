"""Settings that name other entries: marked where they are declared, and found in any settings."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

_OF_A_STUDY = re.compile(r"\.(seed|training)\d+$")


@dataclass(frozen=True)
class Refers:
    """Marks a setting that is the name of an entry: ``codebook: Annotated[str, Refers("codebooks")]``.

    Attributes:
        sections: sections that the name may be in, such as codebooks, or sources for sources.yaml
        pattern: the name may be a pattern with wildcards that matches several
        files: the path of a file may stand in place of the name
    """

    sections: tuple[str, ...]
    pattern: bool
    files: bool

    def __init__(self, *sections: str, pattern: bool = False, files: bool = False):
        object.__setattr__(self, "sections", sections)
        object.__setattr__(self, "pattern", pattern)
        object.__setattr__(self, "files", files)


def is_path(name: str) -> bool:
    """Tell whether what stands in place of a name is the path of a file.

    Names have neither slashes nor dots, but for the endings that seed studies give them, such as ``how.training7``.
    """
    return "/" in name or ("." in name and not _OF_A_STUDY.search(name))


def references(settings: BaseModel) -> Iterator[tuple[str, str, Refers]]:
    """Iterate over all marked names in ``settings``: the keys that lead to it, joined by dots, the name, its mark."""
    for key, field in type(settings).model_fields.items():
        for path, name, mark in _find(field.annotation, tuple(field.metadata), getattr(settings, key)):
            yield ".".join([key, *path]), name, mark


def _find(annotation: Any, metadata: tuple, value: Any) -> Iterator[tuple[list[str], str, Refers]]:
    if get_origin(annotation) is Annotated:
        annotation, *inner = get_args(annotation)
        yield from _find(annotation, (*metadata, *inner), value)
        return
    if isinstance(value, str):
        yield from (([], value, mark) for mark in _marks(annotation, metadata))
    elif isinstance(value, BaseModel):
        for key, field in type(value).model_fields.items():
            for path, name, mark in _find(field.annotation, tuple(field.metadata), getattr(value, key)):
                yield [key, *path], name, mark
    elif isinstance(value, dict):
        keys, values = _arguments(annotation, dict, 2)
        for key, item in value.items():
            yield from (([], name, mark) for _, name, mark in _find(keys, (), key))
            yield from (([key, *path], name, mark) for path, name, mark in _find(values, (), item))
    elif isinstance(value, list | tuple):
        (items,) = _arguments(annotation, type(value), 1)
        for item in value:
            yield from _find(items, (), item)


def _marks(annotation: Any, metadata: tuple) -> list[Refers]:
    """Find the marks of a text: at the setting itself, or at the member of a union that is a text."""
    marks = [item for item in metadata if isinstance(item, Refers)]
    for member in _members(annotation):
        if get_origin(member) is Annotated:
            inner, *more = get_args(member)
            marks += [item for item in more if isinstance(item, Refers) and inner is str]
    return marks


def _arguments(annotation: Any, kind: type, count: int) -> tuple[Any, ...]:
    """Return the annotations of the items of a list, or of the keys and values of a mapping."""
    for member in _members(annotation):
        if (get_origin(member) in (kind, list, tuple) and kind is not dict) or get_origin(member) is dict is kind:
            return get_args(member)[:count]
    return (Any,) * count


def _members(annotation: Any) -> tuple[Any, ...]:
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)
