"""Files of aggregated descriptors: what lies between features and the inverted file, one per chunk of a database."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError


@dataclass(frozen=True)
class StoredAggregated:
    """The aggregated descriptors of consecutive images.

    vectors  (P, ceil(D/32)) uint32 codes or (P, D) float32; words and image_ids  (P,), ascending ids
    images   the range of images that was aggregated, images[0] included and images[1] not
    n_words  the size of the codebook
    """

    vectors: np.ndarray
    words: np.ndarray
    image_ids: np.ndarray
    images: tuple[int, int]
    n_words: int


def write_aggregated(path: str | os.PathLike, content: StoredAggregated, attributes: Mapping[str, object]) -> None:
    """Write ``content`` to ``path``."""
    with hdf5.create(path, attributes) as file:
        file.attrs["first_image"], file.attrs["last_image"] = content.images
        file.attrs["n_words"] = content.n_words
        file["vectors"] = content.vectors
        file["words"] = content.words
        file["image_ids"] = content.image_ids


def read_aggregated(path: str | os.PathLike) -> StoredAggregated:
    """Read and check what ``write_aggregated`` wrote."""
    with hdf5.open_checked(path, {"vectors": 2, "words": 1, "image_ids": 1}, "aggregated descriptors") as file:
        content = StoredAggregated(
            file["vectors"][:],
            file["words"][:],
            file["image_ids"][:],
            (int(file.attrs["first_image"]), int(file.attrs["last_image"])),
            int(file.attrs["n_words"]),
        )
    if not len(content.vectors) == len(content.words) == len(content.image_ids):
        raise DataError(f"{path}: 'vectors', 'words' and 'image_ids' differ in length; delete it and run again")
    return content
