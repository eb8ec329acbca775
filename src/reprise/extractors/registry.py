"""Extractors, loaded by their names in the configuration."""

from collections.abc import Mapping
from typing import Any

from reprise.extractors.chunks import AnyExtractor
from reprise.extractors.settings import ExtractorSettings
from reprise.storage.modules import load_named

_PACKAGE = "reprise.extractors"


def load_extractor(name: str, *, device: str = "cpu", **settings: Any) -> AnyExtractor:
    """Load an extractor; only its own module is imported.

    Args:
        name: a module of this package, such as ``rootsift``, or ``package.module:Class`` of a plug-in
        device: where its network runs, such as ``cpu`` or ``cuda``
        settings: keys of its ``Settings``; those that are left out have their defaults

    Returns:
        the extractor

    Raises:
        DataError: an unknown name or setting, or an unfit value, or a checkpoint that cannot be used
    """
    where = f"extractor {name}"
    extractor = load_named(_PACKAGE, name, "Extractor", where)
    return extractor(extractor_settings(name, where).read({"type": name, **settings}, where), device)


def extractor_settings(name: str, where: str) -> type[ExtractorSettings]:
    """Return the settings model of an extractor: ``Settings`` of its module, or of the class of a plug-in.

    Args:
        name: as for :func:`load_extractor`
        where: what errors begin with

    Raises:
        DataError: an unknown name
    """
    if ":" not in name:
        return load_named(_PACKAGE, name, "Settings", where)
    return load_named(_PACKAGE, name, "Extractor", where).Settings


def has_networks(settings: Mapping[str, Any]) -> bool:
    """Tell whether an extractor with these settings, its type included, has a network to run."""
    return any(extractor_settings(settings["type"], "extractor").read(settings, "extractor").weights())
