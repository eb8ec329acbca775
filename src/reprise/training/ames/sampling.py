"""Which images AMES is trained on: anchors, and a positive and a negative for each, drawn among nearest neighbours.

Suma, Kordopatis-Zilos, Iscen and Tolias, "AMES: Asymmetric and Memory-Efficient Similarity Estimation for
Instance-level Retrieval", ECCV 2024, section 4; details as in the published training code.
"""

from collections.abc import Iterator

import numpy as np
import torch

from reprise.storage.errors import DataError

# An anchor needs this many neighbours of its own label, and as many of others.
LEAST = 5
_ROWS = 8192


def index_labels(labels: np.ndarray) -> np.ndarray:
    """The places of labels in the sorted set of them.

    Args:
        labels: (N,) of any sortable type, such as landmark ids

    Returns:
        (N,) int64
    """
    return np.unique(np.asarray(labels), return_inverse=True)[1].astype(np.int64)


class TripletSampler:
    """Draws (anchor, positive, negative) for every valid anchor, once per epoch.

    An anchor is valid that has at least 5 neighbours of its own label and 5 of other labels, all with a similarity
    above 0, among its first ``candidates``. An image is no candidate of its own, wherever it stands in the table.
    Memory beside the table is bounded by blocks of rows.

    Args:
        similarities: (N, M) of image i with its neighbours, descending
        indices: (N, M) int, the neighbours
        labels: (N,) of any sortable type
        candidates: neighbours that are looked at; all M if there are fewer

    Attributes:
        anchors: (V,) int64, the valid anchors, ascending

    Raises:
        DataError: arrays that do not fit each other, NaN, an index outside of the table, or no valid anchor
    """

    def __init__(
        self, similarities: np.ndarray, indices: np.ndarray, labels: np.ndarray, candidates: int = 300
    ) -> None:
        _check_table(similarities, indices, labels)
        self._similarities = similarities[:, :candidates]
        self._indices = indices[:, :candidates]
        self._labels = index_labels(labels)
        counts = np.concatenate([self._count(rows) for rows in _blocks(np.arange(len(labels)))])
        self.anchors = np.flatnonzero((counts >= LEAST).all(axis=1))
        if not len(self.anchors):
            raise self._no_anchor(counts)

    def epoch(self, seed: int, epoch: int) -> np.ndarray:
        """Draw the triplets of one epoch.

        A positive or negative is drawn with a probability in proportion to the cube of its similarity. The result
        depends on the arguments only, so that a training that goes on from any epoch sees the same triplets.

        Args:
            seed: of the training
            epoch: from 0

        Returns:
            (V, 3) int64: anchors in random order, and the positive and the negative that were drawn for each
        """
        generator = torch.Generator().manual_seed(_mixed(seed, epoch))
        anchors = self.anchors[torch.randperm(len(self.anchors), generator=generator).numpy()]
        random = np.random.default_rng([seed, epoch])
        triplets = [self._draw(rows, random.random((len(rows), 2))) for rows in _blocks(anchors)]
        return np.concatenate(triplets)

    def _weights(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Cubed similarities of the candidates, (n, C) float64, once for those of the same label, once for others."""
        indices = self._indices[rows]
        similarities = np.maximum(self._similarities[rows].astype(np.float64), 0)
        cubes = np.where(indices == rows[:, None], 0, similarities**3)
        same = self._labels[indices] == self._labels[rows, None]
        return np.where(same, cubes, 0), np.where(same, 0, cubes)

    def _count(self, rows: np.ndarray) -> np.ndarray:
        return np.column_stack([np.count_nonzero(weights, axis=1) for weights in self._weights(rows)])

    def _draw(self, rows: np.ndarray, random: np.ndarray) -> np.ndarray:
        columns = [_draw(weights, random[:, side]) for side, weights in enumerate(self._weights(rows))]
        return np.column_stack([rows, *(self._indices[rows, column] for column in columns)]).astype(np.int64)

    def _no_anchor(self, counts: np.ndarray) -> DataError:
        own, others = counts.max(axis=0)
        return DataError(
            f"neighbours: no image of {len(counts)} has {LEAST} neighbours of its own label and {LEAST} of others with "
            f"a similarity above 0 among its first {self._indices.shape[1]}; the most of any image are {own} of its "
            f"own label and {others} of others. Give labels with {LEAST + 1} images or more, longer lists of "
            "neighbours, or a larger setting 'candidates'"
        )


def batches(triplets: np.ndarray, images: int) -> Iterator[np.ndarray]:
    """Cut the triplets of an epoch into batches.

    Args:
        triplets: (V, 3)
        images: of a batch, three for each triplet

    Yields:
        (images // 3, 3); the last may be shorter
    """
    step = images // 3
    for start in range(0, len(triplets), step):
        yield triplets[start : start + step]


def _draw(weights: np.ndarray, random: np.ndarray) -> np.ndarray:
    """One column for each row of ``weights`` (n, C), in proportion to them, by inversion of uniform numbers (n,)."""
    sums = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    sums /= sums[:, -1:]
    return (sums <= random[:, None]).sum(axis=1)


def _blocks(rows: np.ndarray) -> Iterator[np.ndarray]:
    for start in range(0, len(rows), _ROWS):
        yield rows[start : start + _ROWS]


def _mixed(seed: int, epoch: int) -> int:
    """One 63-bit seed for torch out of two numbers."""
    return int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> np.uint64(1))


def _check_table(similarities: np.ndarray, indices: np.ndarray, labels: np.ndarray) -> None:
    if similarities.ndim != 2 or similarities.shape != indices.shape or not np.issubdtype(indices.dtype, np.integer):
        raise DataError(
            f"neighbours: similarities {similarities.shape} and indices {indices.shape} {indices.dtype} have to be two "
            "tables of the same shape (images, neighbours), the second one of integers"
        )
    if len(labels) != len(indices):
        raise DataError(
            f"labels: there are {len(labels)}, and neighbours of {len(indices)} images; both have to come from the "
            "same list of images, in its order"
        )
    for start in range(0, len(indices), _ROWS):
        block = indices[start : start + _ROWS]
        if block.size and (block.min() < 0 or block.max() >= len(labels)):
            row = start + int(((block < 0) | (block >= len(labels))).any(axis=1).argmax())
            raise DataError(
                f"neighbours: row {row} holds an index outside of the {len(labels)} images; compute the neighbours "
                "again from the same list of images"
            )
        values = similarities[start : start + _ROWS]
        # Minus infinity, which images without a descriptor have, weighs nothing.
        if not (np.isfinite(values) | np.isneginf(values)).all():
            raise DataError(f"neighbours: rows from {start} hold similarities that are not finite; compute them again")
