"""Image matching on HPatches: the nearest neighbour of every patch of the reference image in the other images."""

from dataclasses import dataclass

import numpy as np

from reprise.evaluation.hpatches_descriptors import REFERENCE, HPatchesDescriptors, check_shape, read_descriptors
from reprise.evaluation.hpatches_tasks import IMAGES, NOISES, HPatchesTasks
from reprise.evaluation.precision_recall import trapezoid_precision


@dataclass(frozen=True)
class HPatchesMatching:
    """Scores of one split, as fractions of one.

    Attributes:
        sequences: the S sequences; illumination changes in those whose names begin with i_, the viewpoint in others
        average_precision: (3, S, 5), by noise (e, h, t), sequence and image
        success: (3, S, 5), shares of patches whose nearest neighbour is right
    """

    sequences: tuple[str, ...]
    average_precision: np.ndarray
    success: np.ndarray

    @property
    def mean(self) -> float:
        """The mean over all pairs of images, as the published Python evaluation has it."""
        return float(self.average_precision.mean())

    @property
    def mean_of_groups(self) -> float:
        """The mean of the two kinds of sequences, each counting the same, as the paper has it; nan without one."""
        groups = [self.of_group(name) for name in ("i", "v")]
        return float(np.mean([group.mean() if group.size else np.nan for group in groups]))

    def of_group(self, name: str) -> np.ndarray:
        """Return the average precisions (3, s, 5) of the sequences that begin with ``i_`` or ``v_``."""
        return self.average_precision[:, [sequence.startswith(f"{name}_") for sequence in self.sequences]]


def hpatches_matching(descriptors: HPatchesDescriptors, tasks: HPatchesTasks) -> HPatchesMatching:
    """Score nearest neighbours by the Euclidean distance (section 5.2 of the paper).

    Of equally close neighbours the first counts. Matches are ranked by their distance, and all patches of the reference
    image count as positives.

    Args:
        descriptors: ``sequence -> type -> (n, D)`` or ``"sequence/type" -> (n, D)``
        tasks: of a split, of which the sequences are used

    Raises:
        ValueError: descriptors that are missing, of unequal numbers or not finite
    """
    found = np.empty((2, len(NOISES), len(tasks.sequences), IMAGES))
    for number, sequence in enumerate(tasks.sequences):
        reference = read_descriptors(descriptors, sequence, REFERENCE)
        for level, noise in enumerate(NOISES):
            for image in range(IMAGES):
                name = f"{noise}{image + 1}"
                values = read_descriptors(descriptors, sequence, name)
                check_shape(values, reference.shape, f"{sequence}/{name}", f"{sequence}/{REFERENCE}")
                found[:, level, number, image] = _match(reference, values)
    return HPatchesMatching(tuple(tasks.sequences), *found)


def _match(reference: np.ndarray, image: np.ndarray) -> tuple[float, float]:
    """Average precision and success rate of the matches from one image of patches to another."""
    nearest, distances = nearest_rows(reference, image)
    right = nearest == np.arange(len(reference))
    ranks = np.flatnonzero(right[np.argsort(distances, kind="stable")])
    return float(trapezoid_precision(ranks, len(reference))), float(right.mean())


def nearest_rows(queries: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find the nearest of ``rows`` for each query, as if all distances had been computed in double precision.

    One product of matrices in single precision finds it up to rounding; where others are within that of it, they are
    compared again.

    Args:
        queries: (Q, D) float
        rows: (n, D) float

    Returns:
        (Q,) the first nearest row, and (Q,) float64 Euclidean distances
    """
    squares = np.einsum("ij,ij->i", rows, rows, dtype=np.float64)
    # With a column of ones, the product is |row|^2 - 2 query.row, which differs from the squared distance by |query|^2.
    left = np.concatenate([-2 * queries, np.ones((len(queries), 1))], axis=1, dtype=np.float32, casting="same_kind")
    right = np.concatenate([rows, squares[:, None]], axis=1, dtype=np.float32, casting="same_kind")
    costs = left @ right.T
    nearest = costs.argmin(axis=1)
    longest = max(np.sqrt(squares.max()), np.sqrt(np.einsum("ij,ij->i", queries, queries, dtype=np.float64).max()))
    margin = 8 * (queries.shape[1] + 4) * np.finfo(np.float32).epsneg * longest**2
    limits = costs[np.arange(len(queries)), nearest] + np.float32(margin)
    close = costs <= limits[:, None]
    for query in np.flatnonzero(np.count_nonzero(close, axis=1) > 1):
        candidates = np.flatnonzero(close[query])
        difference = rows[candidates].astype(np.float64) - queries[query]
        nearest[query] = candidates[np.einsum("ij,ij->i", difference, difference).argmin()]
    difference = queries.astype(np.float64) - rows[nearest]
    return nearest, np.sqrt(np.einsum("ij,ij->i", difference, difference))
