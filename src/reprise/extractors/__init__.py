"""Extractors: from an image file to its local features. One module for each, one registry."""

from reprise.extractors.registry import EXTRACTORS, load_extractor

__all__ = ["EXTRACTORS", "load_extractor"]
