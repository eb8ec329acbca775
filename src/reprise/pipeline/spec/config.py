"""From the merged configuration files to checked settings, complete with their defaults.

Errors say which key is wrong and what it should have been; all of them are listed at once.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reprise.pipeline.spec.consistency import inconsistencies
from reprise.pipeline.spec.like import like, resolve_likes
from reprise.pipeline.spec.names import unknown_references
from reprise.pipeline.spec.sections import SECTIONS, read_entry
from reprise.pipeline.spec.shared import Shared
from reprise.pipeline.spec.steps import rankings_of, read_steps, search_of
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
        """Return the same as plain mappings, lists and values, every default filled in.

        Experiments are laid out as rankings, one for each of their steps (:func:`rankings_of`).
        """
        sections = {
            section: {name: settings.model_dump(mode="json") for name, settings in entries.items()}
            for section, entries in self.entries.items()
        }
        rankings: dict[str, Any] = {}
        for name, experiment in sections["experiments"].items():
            rankings |= rankings_of(name, experiment)
        return {**self.shared.model_dump(mode="json"), **sections, "experiments": rankings}


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
    complete = {**spec.entries, "extractors": _completed(spec)}
    problems = [*unknown_references(spec.entries, list(sources), published), *inconsistencies(complete)]
    if problems:
        raise DataError("\n".join(map(str, problems)))
    return spec


def _completed(spec: Spec) -> dict[str, Settings]:
    """Read extractors with the entries that they name as their parts; without those that name unknown ones."""
    sections = {
        section: {name: settings.model_dump(mode="json") for name, settings in spec.entries[section].items()}
        for section in ("extractors", "detectors", "descriptors")
    }
    found: dict[str, Settings] = {}
    extractors: Mapping[str, Any] = spec.entries["extractors"]
    for name, settings in extractors.items():
        entry = sections["extractors"][name]
        try:
            complete = type(settings).completed(entry, sections)
        except KeyError:
            continue
        found[name] = settings if complete is entry else type(settings).read(complete, f"config.extractors.{name}")
    return found


def _read(config: Mapping[str, Any]) -> Spec:
    problems: list[str] = []
    known = [*Shared.model_fields, *SECTIONS]
    for key in sorted(set(map(str, config)) - set(known)):
        problems.append(str(unknown_name("config", key, known)).replace("unknown name", "unknown key"))
    shared = _collect(
        problems, lambda: Shared.read({k: v for k, v in config.items() if k in Shared.model_fields}, "config")
    )
    entries = {section: _section(section, config.get(section) or {}, problems) for section in SECTIONS}
    rerankers = config.get("rerankers") or {}
    if isinstance(rerankers, Mapping) and len(entries["rerankers"]) == len(rerankers):
        entries["experiments"] = _with_steps(entries, config.get("experiments") or {}, problems)
    if problems or shared is None:
        raise DataError("\n".join(problems))
    return Spec(shared, entries)


def _section(section: str, content: Any, problems: list[str]) -> dict[str, Settings]:
    where = f"config.{section}"
    if not isinstance(content, Mapping):
        problems.append(f"{where}: expected a mapping of names to settings")
        return {}
    resolved = _collect(problems, lambda: resolve_likes(section, content)) or {}
    found, wrong = {}, dict[str, list[str]]()
    for name, entry in resolved.items():
        settings = _collect(wrong.setdefault(name, []), lambda: _entry(section, name, entry))  # noqa: B023
        if settings is not None:
            found[name] = settings
    problems += _said_once(where, content, wrong)
    return found


def _with_steps(
    entries: Mapping[str, Mapping[str, Any]], content: Mapping[str, Any], problems: list[str]
) -> dict[str, Settings]:
    found, wrong = {}, dict[str, list[str]]()
    for name, experiment in entries["experiments"].items():
        where = f"config.experiments.{name}"
        search = getattr(search_of(entries["experiments"], name), "search", None)
        found[name] = _collect(
            wrong.setdefault(name, []),
            lambda: read_steps(experiment, search, entries["rerankers"], where),  # noqa: B023
        )
    problems += _said_once("config.experiments", content, wrong)
    return found


def _said_once(where: str, content: Mapping[str, Any], wrong: Mapping[str, list[str]]) -> Iterator[str]:
    """What is wrong in entries, without what is only taken over from another one in which it is wrong already.

    Args:
        where: the section
        content: its entries as they are written
        wrong: name -> lines
    """
    for name, lines in wrong.items():
        model = like(content[name])
        before = [] if model is None else wrong.get(model, [])
        known = [line.replace(f"{where}.{model}", f"{where}.{name}", 1) for line in before]
        yield from (line for line in lines if line not in known)


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
