"""Codebooks of visual words: k-means, and assignment by an exact or an approximate index."""

from typing import TYPE_CHECKING

from reprise.storage.lazy import lazily

if TYPE_CHECKING:
    from reprise.codebooks.codebook import Codebook
    from reprise.codebooks.kmeans import sample_rows

__all__ = ["Codebook", "sample_rows"]

__getattr__ = lazily(__name__)
