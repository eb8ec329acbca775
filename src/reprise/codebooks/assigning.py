"""The visual words of all images of a file of features, block by block."""

import os
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from tqdm import tqdm

from reprise.codebooks.codebook import Codebook
from reprise.formats.features import open_features
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class Assigned:
    """Descriptors of consecutive images, and their words.

    Attributes:
        descriptors: (n, D) float32, those of a centred codebook around its mean
        words: (n, nearest) int64, nearest first
        image_ids: (n,) int64, ascending, the positions of the images in the file
    """

    descriptors: np.ndarray
    words: np.ndarray
    image_ids: np.ndarray


def assign_features(
    features: str | os.PathLike, codebook: Codebook, *, num_features: int | None, nearest: int,
    images_per_block: int = 64,
) -> Iterator[Assigned]:  # fmt: skip
    """Iterate over the images of a file of features, in blocks that bound the memory.

    Args:
        features: the file
        codebook: the words
        num_features: number of strongest descriptors of an image; None for all
        nearest: number of words for each descriptor
        images_per_block: images that are in memory at a time

    Yields:
        the blocks, in order

    Raises:
        DataError: the file has no descriptors, or of another dimension than the codebook
    """
    with open_features(features) as file:
        file.require("assignment to the words of this codebook", dim=codebook.dim)
        for first in tqdm(range(0, len(file), images_per_block), unit="block", mininterval=1.0):
            stop = min(first + images_per_block, len(file))
            descriptors, image_ids = file.read_rows(first, stop, num_features)
            words = codebook.assign(descriptors, nearest, device="auto")
            yield Assigned(codebook.prepared(descriptors), words, image_ids)


def image_names(features: str | os.PathLike, *, every: bool = False) -> list[str]:
    """Read the names of the images of a file of features.

    Args:
        features: the file
        every: every image has to have features, as queries have

    Raises:
        DataError: images without names, or one without features
    """
    with open_features(features) as file:
        file.require("searching", names=True)
        names = file.names or []
        bare = [name for name, count in zip(names, file.counts(), strict=True) if not count]
    if every and bare:
        raise DataError(f"{features}: query '{bare[0]}' has no features; check its image and its box")
    return names
