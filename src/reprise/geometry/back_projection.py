"""Features of verified images that lie inside of the box of the query: what average query expansion adds to it."""

from dataclasses import dataclass

import numpy as np

from reprise.geometry.verification import Regions, Verifications, back_projected
from reprise.images.boxes import Box, inside


@dataclass(frozen=True)
class Selected:
    """The features that a query is expanded by.

    Attributes:
        images: (S,) int64, the selected images, those with most inliers first
        rows: (F,) int64, rows of the regions of the database, image by image
        image_of: (F,) int64, the place in ``images`` of each
    """

    images: np.ndarray
    rows: np.ndarray
    image_of: np.ndarray


def select_features(
    query: Regions,
    box: Box | None,
    database: Regions,
    images: np.ndarray,
    found: Verifications,
    *,
    least: int = 15,
    most: int = 50,
) -> Selected:
    """Select verified images, and their features whose places in the query are inside of its box.

    Source: Chum, Philbin, Sivic, Isard, Zisserman, "Total recall", ICCV 2007.

    Args:
        query: the regions of the query
        box: (x1, y1, x2, y2) of the query in pixels of its image; None: the box of its keypoints
        database: the regions of the database
        images: (n,) integers, the images that were verified, in the order of the ranking
        found: their verification
        least: inliers of a selected image
        most: selected images, those with most inliers; of equal ones the first

    Returns:
        the features
    """
    images = np.asarray(images, np.int64)
    order = np.argsort(-found.counts, kind="stable")[:most]
    order = order[found.counts[order] >= least]
    if box is None and len(query.keypoints):
        (x1, y1), (x2, y2) = query.keypoints.min(axis=0), query.keypoints.max(axis=0)
        box = float(x1), float(y1), float(x2), float(y2)
    rows = []
    for place in order:
        own = np.arange(*database.starts[images[place] : images[place] + 2])
        points = back_projected(database.keypoints[own], found.transforms[place])
        rows.append(own[inside(points, box)] if box is not None else own[:0])
    counts = [len(part) for part in rows]
    none = np.zeros(0, np.int64)
    return Selected(images[order], np.concatenate([none, *rows]), np.repeat(np.arange(len(order)), counts))
