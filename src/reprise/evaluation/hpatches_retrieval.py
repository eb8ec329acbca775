"""Patch retrieval on HPatches: the five patches of a point among distractors of other sequences.

One name stands for several numbers in the literature, all of which are computed here:

* pools, of the published Python evaluation: "at rank k" is the average precision among k patches, the five positives
  and the first k - 5 distractors of other sequences;
* the published MATLAB evaluation takes the first 2,000 distractors (its default, by which the numbers of HardNet were
  made, it seems) or all of them (as in the HPatches paper), and leaves out those of the query's sequence then. It gives
  two numbers: AUC, by the trapezoid rule, and AP, the mean precision at the positives.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from reprise.evaluation.hpatches_descriptors import (
    HPatchesDescriptors,
    check_patches,
    check_shape,
    count_patches,
    read_descriptors,
    types_of,
)
from reprise.evaluation.hpatches_tasks import IMAGES, NOISES, HPatchesTasks
from reprise.evaluation.precision_recall import mean_precision, trapezoid_precision

POOLS = (100, 500, 1000, 5000, 10000, 15000, 20000)
#: Numbers of distractors of the MATLAB evaluation; None for all.
DISTRACTORS = (2000, None)
_QUERIES = 16  # at once, so that their distances stay in the cache


@dataclass(frozen=True)
class HPatchesRetrieval:
    """Scores of one split, as fractions of one.

    Attributes:
        pools: K sizes of pools
        pooled: (3, Q, K) average precisions, by noise (e, h, t), query and size of the pool
        area: number of distractors (None for all) -> (3, Q) areas under the precision-recall curve, by trapezoids
        precision: number of distractors -> (3, Q) mean precisions at the positives
    """

    pools: tuple[int, ...]
    pooled: np.ndarray
    area: dict[int | None, np.ndarray]
    precision: dict[int | None, np.ndarray]

    @property
    def mean_of_pools(self) -> float:
        """The mean over noise, queries and all sizes of pools, as the figures of the published benchmark show it."""
        return float(self.pooled.mean())


def hpatches_retrieval(
    descriptors: HPatchesDescriptors,
    tasks: HPatchesTasks,
    pools: Sequence[int] = POOLS,
    distractors: Sequence[int | None] = DISTRACTORS,
) -> HPatchesRetrieval:
    """Score the ranks of the five positives of each query by the Euclidean distance (section 5.3 of the paper).

    Where distances are equal, positives come first, as in the published evaluation: of constant descriptors, all scores
    are 1.

    Args:
        descriptors: ``sequence -> type -> (n, D)`` or ``"sequence/type" -> (n, D)``
        tasks: of a split
        pools: sizes of pools, positives included
        distractors: numbers of distractors of the MATLAB evaluation

    Raises:
        ValueError: descriptors that are missing, of unequal numbers or not finite, patches that do not exist, no query,
            or a pool without a place for a distractor
    """
    if not len(tasks.queries) or min(pools) <= IMAGES:
        raise ValueError(
            f"tasks: {len(tasks.queries)} queries in pools of {list(pools)}; one query and 6 are the least"
        )
    counts = count_patches(descriptors, tasks.sequences)
    for name, patches in (("queries", tasks.queries), ("distractors", tasks.distractors)):
        check_patches(patches, counts, f"tasks: {name}")
    everything = _References(descriptors, tasks)
    ranks = np.empty((len(NOISES), len(tasks.queries), len(pools) + len(distractors), IMAGES), np.int32)
    for sequence in np.unique(tasks.queries[:, 0]):
        chosen = np.flatnonzero(tasks.queries[:, 0] == sequence)
        others = np.flatnonzero(tasks.distractors[:, 0] != sequence)
        first = np.searchsorted(others, [len(tasks.distractors) if n is None else n for n in distractors])
        limits = np.minimum(np.concatenate([np.array(pools) - IMAGES, first]), len(others))
        positives = _positive_distances(descriptors, tasks, int(sequence), chosen)
        for start, closer in everything.closer(sequence, tasks.queries[chosen, 1], others, positives, limits):
            ranks[:, chosen[start : start + len(closer)]] = closer.transpose(1, 0, 3, 2) + np.arange(IMAGES)
    pooled, lists = ranks[:, :, : len(pools)], ranks[:, :, len(pools) :]
    return HPatchesRetrieval(
        tuple(pools),
        trapezoid_precision(pooled),
        {number: trapezoid_precision(lists[:, :, index]) for index, number in enumerate(distractors)},
        {number: mean_precision(lists[:, :, index]) for index, number in enumerate(distractors)},
    )


def _positive_distances(
    descriptors: HPatchesDescriptors, tasks: HPatchesTasks, sequence: int, chosen: np.ndarray
) -> np.ndarray:
    """Squared distances (q, 3, 5) of queries of one sequence to their positives, ascending for each noise."""
    name, indices = tasks.sequences[sequence], tasks.queries[chosen, 1]
    reference = read_descriptors(descriptors, name, "ref")
    found = np.empty((len(chosen), len(NOISES), IMAGES))
    for level, noise in enumerate(NOISES):
        for image, kind in enumerate(types_of(noise)[1:]):
            values = read_descriptors(descriptors, name, kind)
            check_shape(values, reference.shape, f"{name}/{kind}", f"{name}/ref")
            difference = reference[indices].astype(np.float64) - values[indices]
            found[:, level, image] = np.einsum("ij,ij->i", difference, difference)
    return np.sort(found, axis=2)


class _References:
    """Descriptors of the reference images, from which queries and distractors are taken."""

    def __init__(self, descriptors: HPatchesDescriptors, tasks: HPatchesTasks) -> None:
        self._descriptors, self._tasks = descriptors, tasks
        rows: list[np.ndarray] = []
        order = np.argsort(tasks.distractors[:, 0], kind="stable")
        for sequence in np.unique(tasks.distractors[:, 0]):
            indices = tasks.distractors[tasks.distractors[:, 0] == sequence, 1]
            rows.append(read_descriptors(descriptors, tasks.sequences[sequence], "ref")[indices].astype(np.float64))
        dim = read_descriptors(descriptors, tasks.sequences[0], "ref").shape[1]
        self._rows = np.empty((len(order), dim))
        if rows:
            self._rows[order] = np.concatenate(rows)
        self._squares = np.einsum("ij,ij->i", self._rows, self._rows)

    def closer(
        self, sequence: int, indices: np.ndarray, others: np.ndarray, positives: np.ndarray, limits: np.ndarray
    ) -> Iterator[tuple[int, np.ndarray]]:
        """Count the distractors that are closer to a query than its positives.

        Args:
            sequence: of the queries
            indices: (q,) the queries in its reference image
            others: (K,) distractors of other sequences
            positives: (q, 3, 5) squared distances
            limits: (L,) how many of ``others`` count

        Yields:
            the first query of a block, and (block, 3, 5, L) integers
        """
        values = read_descriptors(self._descriptors, self._tasks.sequences[sequence], "ref")[indices].astype(np.float64)
        rows, squares = self._rows[others], self._squares[others]
        edges, places = np.unique(limits, return_inverse=True)
        starts = np.concatenate([[0], edges[:-1]])
        for start in range(0, len(values), _QUERIES):
            part = values[start : start + _QUERIES]
            own = np.einsum("ij,ij->i", part, part)
            distances = part @ (-2 * rows.T) + squares + own[:, None]
            # What differs by rounding alone is equal: the product is not exact, and equal descriptors are a tie.
            tolerance = 1e-14 * rows.shape[1] * (own + squares.max(initial=0))
            below = positives[start : start + _QUERIES] - tolerance[:, None, None]
            counts = np.zeros((*below.shape, len(edges)), np.int64)
            for level, image in np.ndindex(below.shape[1:]):
                closer = (distances < below[:, level, image, None]).view(np.uint8)
                counts[:, level, image] = _counts(closer, starts, edges)
            yield start, counts[..., places]


def _counts(closer: np.ndarray, starts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Count the ones of each row up to each edge, (rows, edges)."""
    segments = [np.add.reduce(closer[:, a:b], axis=1, dtype=np.int64) for a, b in zip(starts, edges, strict=True)]
    return np.cumsum(np.stack(segments, axis=1), axis=1)
