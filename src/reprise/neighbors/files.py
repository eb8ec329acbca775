"""From files of global descriptors to a file of neighbours."""

import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reprise.formats.features import open_features
from reprise.formats.neighbors import write_neighbors
from reprise.neighbors.search import compute_neighbors
from reprise.storage.timing import measured


@dataclass(frozen=True)
class GlobalDescriptors:
    """The global descriptors of the images of one or several files.

    Attributes:
        vectors: (N, G) float32
        skipped: (N,) bool, the images that could not be decoded, whose vectors stand for nothing
    """

    vectors: np.ndarray
    skipped: np.ndarray

    def __len__(self) -> int:
        return len(self.vectors)


def find_neighbors(
    queries: str | os.PathLike | None,
    databases: Sequence[str | os.PathLike],
    output: str | os.PathLike,
    *,
    descriptor: str,
    count: int | None,
    exclude_self: bool,
    device: str,
) -> None:
    """Write the nearest neighbours of queries among databases, in the published layout.

    An image that could not be decoded comes after all others, with the similarity minus infinity.

    Args:
        queries: features of any layout; None compares the images of the database with each other
        databases: features of any layout, one file after the other, such as a benchmark and distractors
        output: a pickle (:mod:`reprise.formats.neighbors`), of numpy where the images are compared with each other, as
            for a training, and else of torch
        descriptor: kind of global descriptor
        count: number of neighbours per query, None for all; a database with fewer images has as many neighbours as it
            can
        exclude_self: as in :func:`reprise.neighbors.search.compute_neighbors`
        device: device of torch

    Raises:
        DataError: files without this kind of global descriptor, or that do not fit each other
    """
    database = global_descriptors(databases, descriptor)
    asked = database if queries is None else global_descriptors([queries], descriptor)
    most = len(database) - exclude_self
    kept = most if count is None else min(count, most)
    with measured("search"):
        neighbors = compute_neighbors(
            asked.vectors, database.vectors, kept, exclude_self=exclude_self, skipped_queries=asked.skipped,
            skipped_images=database.skipped, device=device,
        )  # fmt: skip
    # As the published evaluation and the published training read them.
    write_neighbors(output, neighbors, as_tensor=not exclude_self)


def global_descriptors(files: Sequence[str | os.PathLike], kind: str) -> GlobalDescriptors:
    """Read the global descriptors of files, one after the other.

    Args:
        files: features of any layout
        kind: of global descriptor

    Raises:
        DataError: there are none of this kind
    """
    vectors, skipped = [], []
    for file in files:
        with open_features(file) as features:
            features.require("the search for nearest neighbours", global_kind=kind, descriptors=False)
            vectors.append(features.globals(kind))
            skipped.append(features.is_skipped())
    return GlobalDescriptors(np.concatenate(vectors), np.concatenate(skipped))
