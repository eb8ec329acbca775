"""The descriptors that one step of an AMES training sees, read from disk ahead of time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol, Self

import numpy as np
import torch

from reprise.storage.ahead import read_ahead

_AHEAD = 2


class LocalDescriptors(Protocol):
    """What :func:`reprise.formats.features.open_features` returns."""

    dim: int
    num_images: int
    num_features: int

    def read(self, rows: np.ndarray, num_features: int) -> tuple[np.ndarray, np.ndarray]:
        """The strongest descriptors of images, (n, num_features, D), and how many of them are valid, (n,)."""


@dataclass(frozen=True)
class Descriptors:
    """Descriptors of images, strongest first.

    Attributes:
        values: (n, k, D) float16 or float32
        mask: (n, k) bool, True for padding
    """

    values: torch.Tensor
    mask: torch.Tensor

    def first(self, count: int) -> Self:
        """The ``count`` strongest of every image."""
        return type(self)(self.values[:, :count], self.mask[:, :count])

    def to(self, device: str) -> Self:
        """The same on another device, and there in float32, so that half precision is what travels."""
        return type(self)(self.values.to(device).float(), self.mask.to(device))

    def of(self, images: slice) -> Self:
        """Those of some of the images."""
        return type(self)(self.values[images], self.mask[images])


@dataclass(frozen=True)
class Batch:
    """Triplets with their descriptors.

    Attributes:
        triplets: (B, 3) int64: anchors, positives, negatives; anchors stand for queries, the others for database images
        query_count: descriptors of a query that the network in training shall see; with a teacher more were read
        database_count: the same of a database image
        anchors: descriptors of the first column
        positives: of the second
        negatives: of the third
    """

    triplets: np.ndarray
    query_count: int
    database_count: int
    anchors: Descriptors
    positives: Descriptors
    negatives: Descriptors

    def __len__(self) -> int:
        return len(self.triplets)

    def to(self, device: str) -> "Batch":
        """The same with its descriptors on a device, in float32."""
        sides = (side.to(device) for side in (self.anchors, self.positives, self.negatives))
        return Batch(self.triplets, self.query_count, self.database_count, *sides)

    def parts(self, count: int) -> Iterator["Batch"]:
        """At most ``count`` parts of nearly equal numbers of triplets, none of them empty."""
        bounds = [len(self) * part // count for part in range(count + 1)]
        for start, stop in pairwise(bounds):
            if start < stop:
                rows = slice(start, stop)
                sides = (side.of(rows) for side in (self.anchors, self.positives, self.negatives))
                yield Batch(self.triplets[rows], self.query_count, self.database_count, *sides)


def draw_counts(batches: int, least: int, limit: int, seed: int, epoch: int) -> np.ndarray:
    """How many descriptors of queries and of database images each batch is trained on.

    Args:
        batches: of the epoch
        least: the smallest number
        limit: one more than the largest number
        seed: of the training
        epoch: from 0

    Returns:
        (batches, 2) int, independent and uniform among least, ..., limit - 1, as in the published code, whose largest
        is 399 of 400
    """
    return np.random.default_rng([seed, epoch, 1]).integers(least, limit, (batches, 2))


def read_batches(
    features: LocalDescriptors, triplets: Iterable[np.ndarray], counts: np.ndarray, everything: int | None
) -> Iterator[Batch]:
    """Read batches in a thread of its own, up to two ahead of the one that is yielded.

    Args:
        features: of all images
        triplets: (B, 3) of each batch
        counts: (batches, 2), see :func:`draw_counts`; exactly so many descriptors are read
        everything: so many descriptors of every image are read instead, because a teacher sees them all; None for
            ``counts``
    """
    batches = (
        (features, rows, queries, database, everything)
        for rows, (queries, database) in zip(triplets, counts.tolist(), strict=True)
    )
    for future in read_ahead(_read, batches, workers=1, ahead=_AHEAD):
        yield future.result()


def _read(
    features: LocalDescriptors, triplets: np.ndarray, queries: int, database: int, everything: int | None
) -> Batch:
    # Positives and negatives are read at once, so that their rows are visited in the order of the file.
    anchors = _descriptors(features, triplets[:, 0], everything or queries)
    others = _descriptors(features, triplets[:, 1:].ravel(), everything or database)
    return Batch(triplets, queries, database, anchors, others.of(slice(0, None, 2)), others.of(slice(1, None, 2)))


def _descriptors(features: LocalDescriptors, rows: np.ndarray, count: int) -> Descriptors:
    values, valid = features.read(rows, count)
    mask = np.arange(values.shape[1]) >= np.asarray(valid)[:, None]
    return Descriptors(torch.from_numpy(values), torch.from_numpy(mask))
