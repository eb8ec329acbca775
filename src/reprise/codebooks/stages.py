"""Training of a codebook from a file of features, as a stage of the workflow."""

import os
from collections.abc import Mapping

from reprise.codebooks.codebook import Codebook, IndexName
from reprise.codebooks.kmeans import sample_rows
from reprise.formats.features import open_features
from reprise.storage.errors import DataError


def train_codebook(
    features: str | os.PathLike,
    output: str | os.PathLike,
    *,
    size: int,
    num_features: int | None,
    iterations: int,
    seed: int,
    attributes: Mapping[str, object],
    index: IndexName = "exact",
    centre: bool = False,
) -> None:
    """Train a codebook on the strongest descriptors of every image of a file of features.

    Only the rows that k-means would keep of them are read, so that memory is bounded by 256 descriptors per word.

    Args:
        features: the file of features
        output: the file of the codebook, see :meth:`Codebook.save`
        size: number of visual words
        num_features: number of strongest descriptors of each image that are used; None for all
        iterations: number of iterations, as in :meth:`Codebook.train`
        seed: seed of the random numbers, as in :meth:`Codebook.train`
        attributes: HDF5 attributes of the file of the codebook, such as the recipe
        index: "exact" or "approximate", as in :meth:`Codebook.train`
        centre: as in :meth:`Codebook.train`

    Raises:
        DataError: files or settings that do not fit each other
    """
    with open_features(features) as file:
        file.require("the training of a codebook")
        rows = file.rows(num_features)
        chosen = sample_rows(len(rows), size, seed)
        descriptors = file.gather(rows if chosen is None else rows[chosen])
    codebook = Codebook.train(
        descriptors, size, iterations=iterations, seed=seed, device="auto", index=index, centre=centre
    )
    codebook.save(output, attributes)


def adopt_codebook(
    file: str | os.PathLike, output: str | os.PathLike, *, size: int, attributes: Mapping[str, object]
) -> None:
    """Copy a codebook that was made before.

    Args:
        file: its file
        output: the file of the copy
        size: number of visual words that it should have
        attributes: HDF5 attributes of the copy, such as the recipe

    Raises:
        DataError: no codebook, or one of another size
    """
    codebook = Codebook.load(file)
    if codebook.size != size:
        raise DataError(f"{file}: has {codebook.size} visual words, and size of the codebook says {size}; correct it")
    codebook.save(output, attributes)
