"""The other half of a seed study: networks trained anew, with all that is made with them.

A training with another seed is another entry, and so is every entry that refers to it, or to one that does: its
checkpoint, the extractors that load it, their codebooks, and the experiments. They have names of their own, which no
configuration can give (``how_r18.training1``), and the rules make them as they make any other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from reprise.pipeline.spec.config import Spec

Name = tuple[str, str]  # section and name


def with_training_seeds(spec: Spec, seeds: Sequence[int]) -> Spec:
    """Return the configuration with the entries of other trainings, for each of ``seeds``."""
    entries = {section: dict(named) for section, named in spec.entries.items()}
    for seed in seeds:
        for (section, name), settings in _retrained(spec, seed).items():
            entries[section][seeded(name, seed)] = settings
    return Spec(spec.shared, entries)


def seeded(name: str, seed: int) -> str:
    """Return the name of an entry that stands on trainings with another seed."""
    return f"{name}.training{seed}"


def training_study(config: Mapping, experiment: str, seeds: Sequence[int]) -> dict[int, str]:
    """Return seed -> the experiment that stands on trainings with it; empty where no other seed changes it."""
    names = {seed: seeded(experiment, seed) for seed in seeds}
    if not any(name in config["experiments"] for name in names.values()):
        return {}
    # The seed of the configuration is not trained with a second time.
    return {seed: name if name in config["experiments"] else experiment for seed, name in names.items()}


def _retrained(spec: Spec, seed: int) -> dict[Name, Any]:
    """Find the entries that another seed of all trainings changes, as they are with it."""
    changed: dict[Name, Any] = {}
    for name, settings in spec.entries["trainings"].items():
        if getattr(settings, "seed", seed) != seed:
            changed["trainings", name] = settings.model_copy(update={"seed": seed})
    waiting = True
    while waiting:
        waiting = False
        for section, named in spec.entries.items():
            for name, settings in named.items() if section != "tables" else ():
                if (section, name) not in changed and any(key in changed for _, key in _references(spec, settings)):
                    changed[section, name] = settings
                    waiting = True
    return {key: _renamed(spec, settings, changed, seed) for key, settings in changed.items()}


def _references(spec: Spec, settings: Any) -> list[tuple[list[str], Name]]:
    """List the keys that lead to each name of another entry, and what it names."""
    return [
        (path.split("."), (section, name))
        for path, name, mark in settings.referred()
        for section in mark.sections
        if name in spec.entries.get(section, {})
    ]


def _renamed(spec: Spec, settings: Any, changed: Mapping[Name, Any], seed: int) -> Any:
    for keys, key in _references(spec, settings):
        if key in changed:
            settings = _with(settings, keys, seeded(key[1], seed))
    return settings


def _with(place: Any, keys: Sequence[str], value: str) -> Any:
    """Return a copy of nested settings with ``value`` at ``keys``."""
    if not keys:
        return value
    if isinstance(place, BaseModel):
        return place.model_copy(update={keys[0]: _with(getattr(place, keys[0]), keys[1:], value)})
    return {**place, keys[0]: _with(place[keys[0]], keys[1:], value)}
