"""Areas under curves, from the ranks of the positives alone.

The published HPatches evaluation builds the curves themselves, point by point; these are the same areas.
"""

import numpy as np


def trapezoid_precision(ranks: np.ndarray, positives: int | None = None) -> np.ndarray:
    """Compute the area under the precision-recall curve by the trapezoid rule, from (recall 0, precision 1) on.

    Args:
        ranks: (..., P) ranks from 0 of the positives, ascending
        positives: number of all positives; those without a rank add nothing. None for P

    Returns:
        (...) float64
    """
    count = ranks.shape[-1]
    found = np.arange(count)
    before = np.where(ranks == 0, 1.0, found / np.maximum(ranks, 1))
    return (before + (found + 1) / (ranks + 1)).sum(axis=-1) / (2 * (count if positives is None else positives))


def mean_precision(ranks: np.ndarray) -> np.ndarray:
    """Compute the mean of the precisions at the positives.

    Args:
        ranks: (..., P) ranks from 0 of the positives, ascending

    Returns:
        (...) float64
    """
    return ((np.arange(ranks.shape[-1]) + 1) / (ranks + 1)).mean(axis=-1)


def negatives_before(positives: np.ndarray, negatives: np.ndarray) -> np.ndarray:
    """Count, for each positive from the closest on, the negatives that are not farther.

    Args:
        positives: (P,) distances
        negatives: (N,) distances, ascending

    Returns:
        (P,) integers, ascending
    """
    return np.searchsorted(negatives, np.sort(positives), side="right")
