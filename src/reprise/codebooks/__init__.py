"""Codebooks of visual words: k-means, and assignment by an exact or an approximate index."""

from reprise.codebooks.codebook import Codebook
from reprise.codebooks.kmeans import sample_rows

__all__ = ["Codebook", "sample_rows"]
