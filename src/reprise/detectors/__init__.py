"""Detectors: from an image to its keypoints. One module for each, loaded by its name."""

from reprise.detectors.keypoints import Keypoints
from reprise.detectors.registry import load_detector

__all__ = ["Keypoints", "load_detector"]
