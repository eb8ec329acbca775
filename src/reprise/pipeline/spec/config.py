"""From the merged configuration files to checked settings, complete with their defaults.

Errors say which key is wrong and what it should have been; all of them are listed at once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from reprise.pipeline.spec.consistency import inconsistencies
from reprise.pipeline.spec.entries import Shared
from reprise.pipeline.spec.fitting import misfits
from reprise.pipeline.spec.like import resolve_likes
from reprise.pipeline.spec.names import unknown_references
from reprise.pipeline.spec.sections import SECTIONS, read_entry
from reprise.storage.errors import DataError, unknown_name
from reprise.storage.settings import Settings

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]*")


@dataclass(frozen=True)
class Spec:
    """The checked configuration.

    Attributes:
        shared: the settings that all sections share
        entries: section -> name -> settings
    """

    shared: Settings
    entries: Mapping[str, Mapping[str, Settings]]

    def values(self) -> dict[str, Any]:
        """Return the same as plain mappings, lists and values, every default filled in."""
        sections = {
            section: {name: settings.model_dump(mode="json") for name, settings in entries.items()}
            for section, entries in self.entries.items()
        }
        return {**self.shared.model_dump(mode="json"), **sections}


def read_config(config: Mapping[str, Any], sources: Iterable[str], published: Mapping[str, Any]) -> Spec:
    """Check the whole configuration.

    Args:
        config: the configuration files with all overlays, merged
        sources: the keys of sources.yaml
        published: the published numbers, by table

    Raises:
        DataError: listing everything that is wrong, with the nearest name that exists
    """
    spec = _read(config)
    problems = [
        *unknown_references(spec.entries, list(sources), published),
        *inconsistencies(spec.entries),
        *misfits(spec.entries),
    ]
    if problems:
        raise DataError("\n".join(map(str, problems)))
    return spec


def _read(config: Mapping[str, Any]) -> Spec:
    problems: list[str] = []
    known = [*Shared.model_fields, *SECTIONS]
    for key in sorted(set(map(str, config)) - set(known)):
        problems.append(str(unknown_name("config", key, known)).replace("unknown name", "unknown key"))
    shared = _collect(
        problems, lambda: Shared.read({k: v for k, v in config.items() if k in Shared.model_fields}, "config")
    )
    entries = {section: _section(section, config.get(section) or {}, problems) for section in SECTIONS}
    if problems or shared is None:
        raise DataError("\n".join(problems))
    return Spec(shared, entries)


def _section(section: str, content: Any, problems: list[str]) -> dict[str, Settings]:
    where = f"config.{section}"
    if not isinstance(content, Mapping):
        problems.append(f"{where}: expected a mapping of names to settings")
        return {}
    resolved = _collect(problems, lambda: resolve_likes(section, content)) or {}
    found = {}
    for name, entry in resolved.items():
        settings = _collect(problems, lambda: _entry(section, name, entry))  # noqa: B023
        if settings is not None:
            found[name] = settings
    return found


def _entry(section: str, name: Any, entry: Any) -> Settings:
    where = f"config.{section}.{name}"
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DataError(
            f"{where}: '{name}' is no valid name; use letters, digits, '_', '+' and '-', in quotes if need be"
        )
    if not isinstance(entry, Mapping):
        raise DataError(f"{where}: expected a mapping of keys to values")
    return read_entry(section, entry, where)


def _collect(problems: list[str], read: Any) -> Any:
    """Return what ``read`` returns, or None after adding its error to ``problems``."""
    try:
        return read()
    except DataError as error:
        problems += str(error).splitlines()
        return None


def load_yaml(path: Path) -> dict:
    """Read a YAML file that holds a mapping; DataError for any other."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise DataError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a mapping of keys to values")
    return content
