"""YAML files that people write: a repeated key is an error, and every error names the file."""

import os
from pathlib import Path
from typing import Any

import yaml

from reprise.storage.errors import DataError
from reprise.storage.os_errors import system_error

# Aliases may stand for the same content many times over; a file of a kilobyte can be made to stand for gigabytes.
_MOST_ALIASES = 1000
_MOST_REPEATED = 100_000  # values, beyond one per byte of the file
_DEEPEST = 100


def load_yaml(path: str | os.PathLike) -> dict[Any, Any]:
    """Read a YAML file that holds a mapping.

    Args:
        path: the file, in UTF-8 with or without a byte order mark

    Raises:
        DataError: another encoding, no valid YAML, a key that is given twice, or no mapping
    """
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not in UTF-8 ({error}); save it in that encoding") from error
    except OSError as error:
        raise system_error(path, error) or DataError(f"{path}: cannot be read ({error})") from error
    try:
        _check_events(path, text)
        content = yaml.load(text, Loader=_Strict)
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise DataError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a mapping of keys to values")
    return content


def _check_events(path: str | os.PathLike, text: str) -> None:
    """Refuse what would not end, or fill the memory, when it is built: too much behind aliases, too many levels."""
    sizes: dict[str, int] = {}
    levels: list[list[Any]] = [[None, 0]]  # anchor and values of each collection that is not yet closed
    aliases = 0
    for event in yaml.parse(text, Loader=_Strict):
        anchor = getattr(event, "anchor", None)
        if isinstance(event, yaml.CollectionStartEvent):
            levels.append([anchor, 1])
            if len(levels) > _DEEPEST:
                raise DataError(f"{path}: has more than {_DEEPEST} levels; nest its values less")
        elif isinstance(event, yaml.CollectionEndEvent):
            closed, values = levels.pop()
            levels[-1][1] += values
            if closed is not None:
                sizes[closed] = values
        elif isinstance(event, yaml.AliasEvent):
            aliases += 1
            if anchor not in sizes:
                raise DataError(f"{path}: the alias *{anchor:.80} stands for nothing, or for what it is a part of")
            levels[-1][1] += sizes[anchor]
        elif isinstance(event, yaml.ScalarEvent):
            levels[-1][1] += 1
            if anchor is not None:
                sizes[anchor] = 1
        if aliases > _MOST_ALIASES or levels[-1][1] > _MOST_REPEATED + len(text):
            raise DataError(
                f"{path}: has more than {_MOST_ALIASES} aliases, or aliases of too much; write out what they stand for"
            )


class _Strict(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # ten times as fast
    """YAML in which a repeated key is an error, where the standard loader takes the last one silently."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict:
        # Before the base class puts what "<<" stands for among the keys, which the mapping itself may give again.
        names = [key.value for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
        twice = sorted({str(name) for name in names if names.count(name) > 1})
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"key given twice: {', '.join(twice)}", node.start_mark)
        return super().construct_mapping(node, deep=deep)
