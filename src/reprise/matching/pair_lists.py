"""Matching of a list of pairs of images, whose features are in files: a block of pairs at a time.

The images of a block are read once each. Pairs of one image stand together in a list, so that a block holds many pairs
of few images.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from reprise.formats.named_features import NamedFeatures
from reprise.matching.nearest_neighbors import mutual_nearest_neighbors
from reprise.matching.side_by_side import side_by_side
from reprise.storage.errors import DataError

Pair = tuple[str, str]


def match_pairs(
    features: NamedFeatures,
    pairs: Sequence[Pair],
    *,
    max_distance: float | None = None,
    memory_mib: int = 1024,
    threads: int | None = None,
) -> list[np.ndarray]:
    """Match the features of each pair that are the nearest of each other.

    Args:
        features: of all images of the pairs
        pairs: names of two images each
        max_distance: largest distance of a match; None takes all
        memory_mib: MiB that the descriptors of a block may take; changes no match
        threads: how many pairs are matched at once; None for as many as torch has

    Returns:
        for each pair (m, 2) int64: features of the first and of the second image, ascending in the first

    Raises:
        DataError: an image without features in the files, or descriptors that are not finite
    """
    found: list[np.ndarray] = []
    with tqdm(total=len(pairs), desc="matching", unit="pair") as progress:
        for block in blocks(features, pairs, memory_mib):
            names = dict.fromkeys(name for pair in block for name in pair)
            images = {name: features.descriptors(name) for name in names}
            found += side_by_side(functools.partial(_match, images, max_distance), block, threads)
            progress.update(len(block))
    return found


def blocks(features: NamedFeatures, pairs: Sequence[Pair], memory_mib: int) -> Iterator[list[Pair]]:
    """Split pairs, in their order, into blocks whose descriptors fit into memory; one pair is always a block."""
    block: list[Pair] = []
    held: set[str] = set()
    size = 0
    for pair in pairs:
        added = sum(features.nbytes(name) for name in set(pair) - held)
        if block and size + added > memory_mib << 20:
            yield block
            block, held, size = [], set(), 0
            added = sum(features.nbytes(name) for name in set(pair))
        block.append(pair)
        held.update(pair)
        size += added
    if block:
        yield block


def _match(images: Mapping[str, np.ndarray], max_distance: float | None, pair: Pair) -> np.ndarray:
    first, second = pair
    try:
        return mutual_nearest_neighbors(images[first], images[second], max_distance)
    except DataError as error:
        raise DataError(f"'{first}' and '{second}': {error}") from error
