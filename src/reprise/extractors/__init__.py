"""Extractors: from an image file to its local features. One module for each, loaded by its name."""

from reprise.extractors.registry import load_extractor

__all__ = ["load_extractor"]
