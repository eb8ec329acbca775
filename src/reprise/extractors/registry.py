"""Extractors, loaded by their names in the configuration."""

from collections.abc import Mapping
from typing import Any

from reprise.extractors.chunks import AnyExtractor
from reprise.extractors.settings import ExtractorSettings
from reprise.storage.modules import NamedModules
from reprise.storage.named_classes import NamedClasses

# What an entry of the configuration may be: also features that are downloaded, or computed elsewhere.
ENTRIES = NamedModules("reprise.extractors", "Settings")


class _Extractors(NamedClasses[AnyExtractor, ExtractorSettings]):
    def settings_of(self, name: str, where: str | None = None) -> type[ExtractorSettings]:
        """Return the model of an entry: ``Settings`` of its module, or of the class of a plug-in."""
        if ":" in name:
            return super().settings_of(name, where)
        found: type[ExtractorSettings] = ENTRIES.load_class(name, where or f"extractor {name}")
        return found


EXTRACTORS = _Extractors("reprise.extractors", "Extractor")


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
    return EXTRACTORS.construct_from(name, settings, device)


def has_networks(settings: Mapping[str, Any]) -> bool:
    """Tell whether an extractor with these settings, its type included, has a network to run."""
    return any(EXTRACTORS.settings_of(settings["type"], "extractor").read(settings, "extractor").weights())
