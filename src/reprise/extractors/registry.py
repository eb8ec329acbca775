"""Extractors by their names in the configuration."""

import importlib
from collections.abc import Mapping
from typing import Any

from reprise.extractors.chunks import Extractor
from reprise.storage.errors import unknown_name

# For each name there is a module of this package with a class Extractor.
EXTRACTORS = ("cvnet", "dinov2", "how", "rootsift")


def load_extractor(name: str, parameters: Mapping[str, Any], device: str = "cpu") -> Extractor:
    """Return the extractor ``name`` with its parameters; what they are stands in ``reprise.extractors.<name>``.

    Only the module of that extractor is imported. DataError: an unknown name or parameter, or an unfit value.
    """
    if name not in EXTRACTORS:
        raise unknown_name("extractors", name, EXTRACTORS)
    extractor: Extractor = importlib.import_module(f"reprise.extractors.{name}").Extractor(parameters, device)
    return extractor
