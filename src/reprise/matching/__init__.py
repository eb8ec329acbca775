"""Matching of keypoints between two images by their descriptors."""

from reprise.matching.nearest_neighbors import mutual_nearest_neighbors
from reprise.matching.side_by_side import side_by_side

__all__ = ["mutual_nearest_neighbors", "side_by_side"]
