"""Files of aggregated descriptors: the stage between features and the inverted file, one per chunk of a database."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import h5py
import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_DATASETS = {"vectors": 2, "words": 1, "image_ids": 1}
_KIND = "aggregated descriptors"


@dataclass(frozen=True)
class StoredAggregated:
    """The aggregated descriptors of consecutive images.

    Attributes:
        vectors: (P, ceil(D/32)) uint32 codes or (P, D) float32
        words: (P,) integers, the visual word of each
        image_ids: (P,) integers, ascending
        images: the range of images that was aggregated, images[0] included and images[1] not
        n_words: number of visual words of the codebook
    """

    vectors: np.ndarray
    words: np.ndarray
    image_ids: np.ndarray
    images: tuple[int, int]
    n_words: int


def write_aggregated(path: str | os.PathLike, content: StoredAggregated, attributes: Mapping[str, object]) -> None:
    """Write aggregated descriptors; words and image ids are stored as uint32.

    Args:
        path: the file, which appears when it is complete
        content: the aggregated descriptors
        attributes: HDF5 attributes of the file, such as the recipe

    Raises:
        DataError: words or image ids beyond 32 bits
    """
    with hdf5.create(path, attributes) as file:
        file.attrs["first_image"], file.attrs["last_image"] = content.images
        file.attrs["n_words"] = content.n_words
        hdf5.write_array(file, "vectors", content.vectors)
        for key in ("words", "image_ids"):
            values = getattr(content, key)
            if len(values) and (values.min() < 0 or values.max() > np.iinfo(np.uint32).max):
                raise DataError(f"{path}: '{key}' from {values.min()} to {values.max()} do not fit 32 bits")
            hdf5.write_array(file, key, values.astype(np.uint32))


def read_aggregated(path: str | os.PathLike) -> StoredAggregated:
    """Read and check a file that :func:`write_aggregated` wrote.

    Args:
        path: the file

    Raises:
        DataError: another file, or datasets that do not fit each other
    """
    with hdf5.open_checked(path, _DATASETS, _KIND) as file:
        images, n_words = _extent(file, path)
        words, ids = (hdf5.read_array(file, key, "iu") for key in ("words", "image_ids"))
        content = StoredAggregated(hdf5.read_array(file, "vectors", "uf"), words, ids, images, n_words)
    if not len(content.vectors) == len(words) == len(ids):
        raise DataError(f"{path}: 'vectors', 'words' and 'image_ids' differ in length; delete it and run again")
    if len(words) and (words.min() < 0 or words.max() >= n_words):
        raise DataError(f"{path}: 'words' are not all within 0 to {n_words - 1}; delete it and run again")
    if len(ids) and (ids[0] < images[0] or ids[-1] >= images[1] or (ids[1:] < ids[:-1]).any()):
        raise DataError(f"{path}: 'image_ids' do not ascend from {images[0]} to {images[1]}; delete it and run again")
    if content.vectors.dtype.kind == "f" and not np.isfinite(content.vectors).all():
        raise DataError(f"{path}: 'vectors' contain NaN or infinity; delete it and run again")
    return content


def read_extent(path: str | os.PathLike) -> tuple[tuple[int, int], int]:
    """Read ``images`` and ``n_words`` of a file, without its postings."""
    with hdf5.open_checked(path, _DATASETS, _KIND) as file:
        return _extent(file, path)


def _extent(file: h5py.File, path: str | os.PathLike) -> tuple[tuple[int, int], int]:
    for name in ("first_image", "last_image", "n_words"):
        if name not in file.attrs:
            raise DataError(f"{path}: attribute '{name}' is missing; delete it and run again")
    return (int(file.attrs["first_image"]), int(file.attrs["last_image"])), int(file.attrs["n_words"])
