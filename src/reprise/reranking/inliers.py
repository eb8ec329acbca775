"""What the scorers have in common that count the inliers of an affine transform between two images."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from reprise.formats.feature_reader import Features
from reprise.geometry.frames import frames_from_scales
from reprise.reranking.settings import Count, StepSettings
from reprise.storage.errors import DataError

Scales = Annotated[
    Literal["sizes", "factors"],
    Field(
        description="what the scales of features without affine shapes are: sizes of regions, as of SIFT, or factors "
        "of the image pyramid of a network"
    ),
]


MostTentatives = Annotated[Count, Field(description="tentative correspondences of two images, at most")]
Threshold = Annotated[float, Field(gt=0, description="largest distance of an inlier in pixels of the database image")]
ScaleRatio = Annotated[
    float | None,
    Field(ge=1, description="largest ratio of an inlier's scale to that of the transform; null does not compare them"),
]
Optimised = Annotated[int, Field(ge=0, le=64, description="best transforms that are optimised by least squares")]
Iterations = Annotated[int, Field(ge=0, description="of least squares, at most")]


class VerificationStep(StepSettings):
    """Re-ranking by spatial verification (Philbin et al., CVPR 2007)."""

    shortlist: Count = Field(1000, description="first images of each ranking that are compared with the query")
    tentatives: MostTentatives = 600
    threshold: Threshold = 8.0
    scale_ratio: ScaleRatio = 2.0
    optimised: Optimised = 5
    iterations: Iterations = 3
    least: Count = Field(4, description="inliers of an image that moves up; those with fewer keep their order")


#: The keys of a step that change the number of inliers.
PAIR_SETTINGS = ("tentatives", "threshold", "scale_ratio", "optimised", "iterations")


def fuse(similarities: np.ndarray, scores: np.ndarray, *, least: int) -> np.ndarray:
    """Sort images with enough inliers by their number, in front of all others; equal ones keep their order.

    Args:
        similarities: (Q, K), the scores of the ranking; not used
        scores: (Q, K), inliers
        least: inliers of an image that moves up

    Returns:
        (Q, K) float64
    """
    return np.where(scores >= least, scores, 0.0).astype(np.float64)


def frames_of(features: Features, start: int, stop: int, scales: Scales) -> np.ndarray:
    """Read the affine shapes of consecutive images, or make upright ones of the scales of their features.

    Args:
        features: the file
        start: the first image
        stop: the image after the last
        scales: what the scales are: "sizes" of regions, such as the diameters of SIFT; "factors" by which the image was
            scaled, so that regions are the larger the smaller they are, as in networks that see an image at several
            scales

    Returns:
        (n, 2, 2) float64

    Raises:
        DataError: scales that are not positive
    """
    if features.has_affine:
        return features.affine(start, stop).astype(np.float64)
    values = features.scales(start, stop).astype(np.float64)
    if not (values > 0).all():
        raise DataError(f"{features.path}: holds scales that are not positive; extract it again")
    return frames_from_scales(1 / values if scales == "factors" else values)


def by_query(query_ids: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """Iterate over the queries (n,) of pairs, ascending, each with the places (m,) of its pairs."""
    order = np.argsort(query_ids, kind="stable")
    queries, starts = np.unique(query_ids[order], return_index=True)
    ends = np.append(starts, len(order))[1:]
    for query, start, stop in zip(queries, starts, ends, strict=True):
        yield int(query), order[start:stop]


def check_queries(path: Any, found: int, expected: int) -> None:
    """Check the number of queries of a file; DataError for another one than the rankings have."""
    if found != expected:
        raise DataError(
            f"{path}: has {found} queries, the rankings are of {expected}; both have to come from the same list"
        )
