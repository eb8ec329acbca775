"""Mutual nearest neighbours: descriptors of two images, each of which is the nearest to the other one."""

import numpy as np
import torch

from reprise.storage.arguments import array, number
from reprise.storage.errors import DataError

#: Similarities that are computed at once: 4 MiB, which caches hold, by one thread. Several threads wait for each other
#: after each product, so that they have fewer and larger ones.
_BLOCK = 1 << 20
_SHARED_BLOCK = 1 << 22
_SMALLEST = 1e-12


def mutual_nearest_neighbors(a: np.ndarray, b: np.ndarray, max_distance: float | None = None) -> np.ndarray:
    """Match the descriptors of two images that are the nearest of each other.

    Descriptors are normalised; their distance is sqrt(2 - 2 cos), never below 0. Of equally near ones the first counts.
    Their similarities are a product of matrices, of which a block of rows is held at a time. It has the threads of
    torch; of many pairs, several are faster side by side (:mod:`reprise.matching.side_by_side`).

    Source: the matching of HNDesc (Melekhov et al., 3DV 2021).

    Args:
        a: (N, D) float
        b: (M, D) float
        max_distance: largest distance of a match, from 0 to 2; None takes all

    Returns:
        (K, 2) int64, rows of ``a`` and of ``b``, ascending in ``a``; empty where one image has no descriptor

    Raises:
        DataError: other shapes, descriptors that are not finite, or a distance that is no number
    """
    first, second = _normalised(a, "a"), _normalised(b, "b")
    if first.shape[1] != second.shape[1]:
        raise DataError(f"a, b: have {first.shape[1]} and {second.shape[1]} dimensions; give those of one network")
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.int64)
    columns, similarities, rows = _nearest(first, second)
    matched = np.flatnonzero(rows[columns] == np.arange(len(first)))
    if max_distance is not None:
        distances = np.sqrt(2 - 2 * similarities[matched])
        matched = matched[distances <= number("max_distance", max_distance)]
    return np.stack([matched, columns[matched]], axis=1)


def _nearest(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The nearest row of ``b`` for each of ``a``, their similarity, and the nearest row of ``a`` for each of ``b``.

    The last one is -1 where the nearest row of ``a`` has another nearest row, so that the two are not mutual.
    """
    columns, similarities = np.empty(len(a), np.int64), np.empty(len(a), np.float32)
    rows, best = np.zeros(len(b), np.int64), np.full(len(b), -np.inf, np.float32)
    left, right = torch.from_numpy(a), torch.from_numpy(b).T
    size = max(1, (_BLOCK if torch.get_num_threads() == 1 else _SHARED_BLOCK) // len(b))
    products = np.empty((min(size, len(a)), len(b)), np.float32)
    for start in range(0, len(a), size):
        stop = min(start + size, len(a))
        block = products[: stop - start]
        torch.mm(left[start:stop], right, out=torch.from_numpy(block))
        np.minimum(block, 1, out=block)  # as the published distance, which does not tell what rounding leaves above 1
        columns[start:stop] = block.argmax(axis=1)
        similarities[start:stop] = block[np.arange(stop - start), columns[start:stop]]
        _update(rows, best, block, start, columns[start:stop])
    return columns, similarities, rows


def _update(rows: np.ndarray, best: np.ndarray, block: np.ndarray, start: int, columns: np.ndarray) -> None:
    """Note the row of a block that is the nearest of a column, for the columns that some row has as its nearest.

    Only these can be mutual, so that the places of maxima, which cost far more than maxima, are looked up for few.
    """
    highest = block.max(axis=0)
    better = highest > best
    wanted = np.unique(columns)
    wanted = wanted[better[wanted]]
    rows[better] = -1
    rows[wanted] = start + block[:, wanted].argmax(axis=0)
    best[better] = highest[better]


def _normalised(descriptors: np.ndarray, name: str) -> np.ndarray:
    values = np.ascontiguousarray(array(name, descriptors), np.float32)
    if values.ndim != 2 or not values.shape[1]:
        raise DataError(f"{name}: have the shape {values.shape}, expected (N, D)")
    lengths = np.sqrt(np.einsum("nd,nd->n", values, values))[:, None]
    if not np.isfinite(lengths).all():
        raise DataError(f"{name}: are not all finite; extract the image again")
    return values / np.maximum(lengths, _SMALLEST)
