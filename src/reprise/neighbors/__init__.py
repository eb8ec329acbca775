"""Exact nearest neighbours of global descriptors."""

from reprise.neighbors.search import compute_neighbors

__all__ = ["compute_neighbors"]
