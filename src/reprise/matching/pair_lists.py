"""Matching of a list of pairs of images, whose features are in files: a block of pairs at a time.

The images of a block are read once each. Pairs of one image stand together in a list, so that a block holds many pairs
of few images.
"""

import functools
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from tqdm import tqdm

from reprise.formats.feature_reader import Features
from reprise.matching.nearest_neighbors import mutual_nearest_neighbors
from reprise.matching.side_by_side import side_by_side
from reprise.storage.errors import DataError

Pair = tuple[str, str]


class NamedFeatures:
    """The features of images in several files, by the names of the images.

    Args:
        files: opened files of features, such as those of the database and of the queries

    Raises:
        DataError: a file without names or descriptors, keypoints in another convention, files of different
            descriptors, or an image in two files
    """

    def __init__(self, files: Sequence[Features]) -> None:
        self._files = files
        self._places: dict[str, tuple[Features, int]] = {}
        for file in files:
            file.require("matching", names=True, convention="colmap", dim=files[0].dim or None)
            for row, name in enumerate(file.names or []):
                if name in self._places:
                    raise DataError(
                        f"{file.path}: '{name}' is an image of {self._places[name][0].path}, too; give each once"
                    )
                self._places[name] = file, row

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def descriptors(self, name: str) -> np.ndarray:
        """Return the descriptors (n, D) of an image, in the order of its keypoints; DataError for an unknown one."""
        file, row = self._place(name)
        return file.features(row).descriptors

    def keypoints(self, name: str) -> np.ndarray:
        """Return the keypoints (n, 2) of an image, in pixels; DataError for an unknown one."""
        file, row = self._place(name)
        return file.keypoints(row, row + 1)

    def nbytes(self, name: str) -> int:
        """Return the size of the descriptors of an image as they are compared, in bytes."""
        file, row = self._place(name)
        return int(file.offsets[row + 1] - file.offsets[row]) * file.dim * 4

    def _place(self, name: str) -> tuple[Features, int]:
        if name not in self._places:
            files = ", ".join(str(file.path) for file in self._files)
            raise DataError(f"{files}: have no image '{name}'; give the features of all images of the pairs")
        return self._places[name]


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
