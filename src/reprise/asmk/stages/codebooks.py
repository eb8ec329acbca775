"""From features to a codebook."""

import os

from reprise.asmk.codebook import Codebook, sample_rows
from reprise.formats.features import open_features


def train_codebook(
    features: str | os.PathLike,
    output: str | os.PathLike,
    *,
    size: int,
    num_features: int,
    iterations: int,
    seed: int,
    recipe: str,
) -> None:
    """Train a codebook on the strongest ``num_features`` descriptors of every image of a file of features.

    Only the rows that k-means would keep of them are read, so that memory is bounded by 256 descriptors per word.
    """
    with open_features(features) as file:
        file.require("training a codebook")
        rows = file.rows(num_features)
        chosen = sample_rows(len(rows), size, seed)
        descriptors = file.gather(rows if chosen is None else rows[chosen])
    codebook = Codebook.train(descriptors, size, iterations=iterations, seed=seed, device="auto")
    codebook.save(output, {"recipe": recipe})
