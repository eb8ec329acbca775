"""Matching of images whose homography is known: accuracy of matches, of the estimated homography, and matching score.

The sequences of HPatches (Balntas et al., CVPR 2017) as HNDesc evaluates them (Melekhov et al., 3DV 2021), which
follows D2-Net (Dusmanu et al., CVPR 2019) and SuperPoint (DeTone et al., CVPRW 2018). Points are (x, y) in pixels; the
centre of the first pixel is where the given homography has it, which is (0, 0) for those of HPatches.
"""

from collections.abc import Sequence

import numpy as np

#: Sequences of HPatches that are left out because their images are too large for some methods; names as published.
EXCLUDED_SEQUENCES = (
    "i_contruction", "i_crownnight", "i_dc", "i_pencils", "i_whitebuilding", "v_artisans", "v_astronautis", "v_talent",
)  # fmt: skip


def mean_matching_accuracy(errors: np.ndarray, thresholds: Sequence[float] = range(1, 11)) -> np.ndarray:
    """Compute the shares of the matches of a pair of images that are right.

    Args:
        errors: (M,) distances in pixels of the matched points and the places where they should be, infinite for a point
            that is mapped to infinity
        thresholds: T distances up to which, themselves included, a match is right

    Returns:
        (T,) float64 in [0, 1]; 0 where there is no match

    Raises:
        ValueError: another shape, or errors that are negative or no numbers
    """
    values = np.asarray(errors, np.float64)
    if values.ndim != 1 or not (values >= 0).all():
        raise ValueError(f"errors: of shape {values.shape}; give (M,) distances, none negative or NaN")
    limits = np.asarray(thresholds, np.float64)
    return (values[:, None] <= limits).sum(axis=0) / max(1, len(values))


def transfer_errors(points_a: np.ndarray, points_b: np.ndarray, homography: np.ndarray) -> np.ndarray:
    """Compute how far from their places matched points are.

    Args:
        points_a: (M, 2)
        points_b: (M, 2), what they are matched with
        homography: (3, 3), the true one, from the first image to the second

    Returns:
        (M,) float64 distances in pixels of the second image; infinite where a point is mapped to infinity

    Raises:
        ValueError: other shapes, or values that are not finite
    """
    first, second = _points(points_a, "points_a"), _points(points_b, "points_b")
    if len(first) != len(second):
        raise ValueError(f"points_a, points_b: {len(first)} and {len(second)} points; give pairs")
    return _infinite(np.linalg.norm(second - _mapped(_homography(homography, "homography"), first), axis=1))


def corner_error(estimated: np.ndarray | None, true: np.ndarray, size: tuple[float, float]) -> float:
    """Compute how far apart two homographies map the corners of an image, in the mean.

    Args:
        estimated: (3, 3); None where none was found
        true: (3, 3)
        size: (width, height) in pixels of the frame whose corners are mapped, from (0, 0) to (width - 1, height - 1).
            In the published evaluation this is the size of the second image, though its corners are taken for points
            of the first one

    Returns:
        in pixels; infinite where there is no estimate, or a corner is mapped to infinity

    Raises:
        ValueError: other shapes, or a true homography that is not finite
    """
    width, height = size
    corners = np.array([[0, 0], [0, height - 1], [width - 1, height - 1], [width - 1, 0]], np.float64)
    expected = _mapped(_homography(true, "true"), corners)
    if estimated is None or not np.isfinite(np.asarray(estimated, np.float64)).all():
        return float("inf")
    found = _mapped(_homography(estimated, "estimated"), corners)
    return float(_infinite(np.linalg.norm(found - expected, axis=1)).mean())


def homography_accuracy(
    errors: np.ndarray, thresholds: Sequence[float] = (1, 3, 5, 10), *, inclusive: bool = False
) -> np.ndarray:
    """Tell which estimated homographies are right.

    Args:
        errors: (P,) mean errors of corners (:func:`corner_error`), infinite where there was no estimate
        thresholds: T distances in pixels
        inclusive: an error that is equal to a threshold counts as right, as in the variant of 640 x 480 pixels, whose
            thresholds are 1, 3 and 5; in the variant of full size it does not

    Returns:
        (P, T) bool

    Raises:
        ValueError: another shape, or errors that are no numbers
    """
    values = np.asarray(errors, np.float64)
    if values.ndim != 1 or np.isnan(values).any():
        raise ValueError(f"errors: of shape {values.shape}; give (P,) distances, infinite where there is no estimate")
    limits = np.asarray(thresholds, np.float64)
    return values[:, None] <= limits if inclusive else values[:, None] < limits


def visible(points: np.ndarray, homography: np.ndarray, size: tuple[float, float], margin: float = 0.0) -> np.ndarray:
    """Tell which points a homography maps into a frame.

    Args:
        points: (N, 2)
        homography: (3, 3)
        size: (width, height) of the frame in pixels
        margin: pixels that the frame lacks at its right and lower border

    Returns:
        (N,) bool: 0 <= x < width and 0 <= y < height; with a margin, x <= width - margin and so on

    Raises:
        ValueError: other shapes, or values that are not finite
    """
    mapped = _mapped(_homography(homography, "homography"), _points(points, "points"))
    limits = np.asarray(size, np.float64) - margin
    inside = (mapped <= limits if margin else mapped < limits) & (mapped >= 0)
    return np.asarray(inside[:, 0] & inside[:, 1])


def matching_score(
    points_a: np.ndarray,
    points_b: np.ndarray,
    nearest_a: np.ndarray,
    nearest_b: np.ndarray,
    homography: np.ndarray,
    size: tuple[float, float],
    threshold: float = 3.0,
) -> float:
    """Compute the share of the nearest neighbours that are right, in the mean of both directions.

    The nearest neighbour of a point counts if the homography maps it into the image of the point, and is right if it
    is mapped to the point.

    Args:
        points_a: (N, 2)
        points_b: (M, 2)
        nearest_a: (N,) for each point of the first image, that of the second with the nearest descriptor
        nearest_b: (M,) the other way round
        homography: (3, 3), the true one, from the first image to the second
        size: (width, height) in pixels of both images
        threshold: a distance below it is right

    Returns:
        in [0, 1]; a direction in which no neighbour counts has 0

    Raises:
        ValueError: other shapes, values that are not finite, or a homography without an inverse
    """
    first, second = _points(points_a, "points_a"), _points(points_b, "points_b")
    forward = _homography(homography, "homography")
    try:
        backward = np.linalg.inv(forward)
    except np.linalg.LinAlgError as error:
        raise ValueError("homography: has no inverse; correct the ground truth") from error
    shares = []
    for matrix, own, others, nearest in ((backward, first, second, nearest_a), (forward, second, first, nearest_b)):
        matched = others[np.asarray(nearest, np.int64)]
        seen = visible(matched, matrix, size, margin=1.0)
        right = transfer_errors(matched, own, matrix) < threshold
        shares.append(float((right & seen).sum() / max(1, seen.sum())))
    return sum(shares) / 2


def means_of_changes(sequences: Sequence[str], values: np.ndarray) -> dict[str, np.ndarray]:
    """Average the values of pairs over the sequences of each kind.

    Args:
        sequences: P names, that of the sequence of each pair: ``v_`` of changing viewpoint, ``i_`` of illumination
        values: (P, ...) of each pair

    Returns:
        ``v`` and ``i``; ``average``, the mean of both, as published for the matching accuracy; ``total``, the mean of
        all pairs, as published for homographies. NaN without a pair

    Raises:
        ValueError: another number of values, or a name of no kind
    """
    table = np.asarray(values, np.float64)
    if table.ndim < 1 or len(table) != len(sequences):
        raise ValueError(f"values: of shape {table.shape} for {len(sequences)} pairs; give one for each pair")
    kinds = np.array([name[:2] for name in sequences])
    unknown = [name for name in sequences if name[:2] not in ("v_", "i_")]
    if unknown:
        raise ValueError(f"sequences: {unknown[0]!r} begins with neither v_ nor i_; take it out")
    parts = {"v": table[kinds == "v_"], "i": table[kinds == "i_"], "total": table}
    means = {name: part.mean(axis=0) if len(part) else np.full(table.shape[1:], np.nan) for name, part in parts.items()}
    return {"v": means["v"], "i": means["i"], "average": (means["v"] + means["i"]) / 2, "total": means["total"]}


def _mapped(homography: np.ndarray, points: np.ndarray) -> np.ndarray:
    mapped = points @ homography[:, :2].T + homography[:, 2]
    with np.errstate(divide="ignore", invalid="ignore"):
        return mapped[:, :2] / mapped[:, 2:]


def _infinite(distances: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(distances), np.inf, distances)


def _points(points: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(points, np.float64)
    if values.ndim != 2 or values.shape[1] != 2 or not np.isfinite(values).all():
        raise ValueError(f"{name}: of shape {values.shape}; give (N, 2) finite numbers")
    return values


def _homography(matrix: np.ndarray, name: str) -> np.ndarray:
    values = np.asarray(matrix, np.float64)
    if values.shape != (3, 3) or not np.isfinite(values).all():
        raise ValueError(f"{name}: of shape {values.shape}; give (3, 3) finite numbers")
    return values
