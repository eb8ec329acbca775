"""The stage of the workflow that makes a codebook from features."""

import os
from collections.abc import Mapping

from reprise.codebooks.codebook import Codebook, IndexName
from reprise.codebooks.kmeans import sample_rows
from reprise.formats.features import open_features


def train_codebook(
    features: str | os.PathLike,
    output: str | os.PathLike,
    *,
    size: int,
    num_features: int,
    iterations: int,
    seed: int,
    attributes: Mapping[str, object],
    index: IndexName = "exact",
) -> None:
    """Train a codebook on the strongest descriptors of every image of a file of features.

    Only the rows that k-means would keep of them are read, so that memory is bounded by 256 descriptors per word.

    Args:
        features: the file of features
        output: the file of the codebook, see :meth:`Codebook.save`
        size: the number of words
        num_features: the number of descriptors of an image that are used
        iterations, seed, index: as in :meth:`Codebook.train`
        attributes: stored beside the codebook

    Raises:
        DataError: files or settings that do not fit
    """
    with open_features(features) as file:
        file.require("the training of a codebook")
        rows = file.rows(num_features)
        chosen = sample_rows(len(rows), size, seed)
        descriptors = file.gather(rows if chosen is None else rows[chosen])
    codebook = Codebook.train(descriptors, size, iterations=iterations, seed=seed, device="auto", index=index)
    codebook.save(output, attributes)
