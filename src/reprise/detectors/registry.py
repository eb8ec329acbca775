"""Detectors, loaded by their names in the configuration."""

from typing import Any

from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.storage.modules import load_named

_PACKAGE = "reprise.detectors"


def load_detector(name: str, *, device: str = "cpu", **settings: Any) -> ImageDetector:
    """Load a detector; only its own module is imported.

    Args:
        name: a module of this package, such as ``hessian_affine``, or ``package.module:Class`` of a plug-in
        device: where its network runs, such as ``cpu`` or ``cuda``
        settings: keys of its ``Settings``; those that are left out have their defaults

    Returns:
        the detector

    Raises:
        DataError: an unknown name or setting, or an unfit value
    """
    where = f"detector {name}"
    return detector_of(detector_settings(name, where).read({"type": name, **settings}, where), device)


def detector_of(settings: DetectorSettings, device: str = "cpu") -> ImageDetector:
    """Construct the detector of settings that were read already."""
    return detector_class(settings.type)(settings, device)


def detector_class(name: str, where: str | None = None) -> type[ImageDetector]:
    """Return the class of a detector, which says the model of its settings.

    Args:
        name: as for :func:`load_detector`
        where: what errors begin with

    Raises:
        DataError: an unknown name
    """
    found: type[ImageDetector] = load_named(_PACKAGE, name, "Detector", where or f"detector {name}")
    return found


def detector_settings(name: str, where: str) -> type[DetectorSettings]:
    """Return the settings model of a detector, an attribute of its class; see :func:`detector_class`."""
    return detector_class(name, where).Settings
