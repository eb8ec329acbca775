"""Descriptors: from an image and its keypoints to a vector for each. One module for each, loaded by its name."""

from reprise.descriptors.registry import load_descriptor

__all__ = ["load_descriptor"]
