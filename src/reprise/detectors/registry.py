"""Detectors, loaded by their names in the configuration."""

from typing import Any

from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.storage.named_classes import NamedClasses

DETECTORS = NamedClasses[ImageDetector, DetectorSettings]("reprise.detectors", "Detector")


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
    return DETECTORS.construct_from(name, settings, device)
