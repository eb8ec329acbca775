"""From the features of a database and a codebook to aggregated descriptors."""

import os

from reprise.asmk.codebook import Codebook
from reprise.asmk.stages.blocks import aggregate_features
from reprise.storage.aggregated import StoredAggregated, write_aggregated
from reprise.storage.features import FeatureFile

_IMAGES_PER_BLOCK = 64


def aggregate_images(
    features: str | os.PathLike,
    codebook: str | os.PathLike,
    output: str | os.PathLike,
    *,
    chunk: tuple[int, int],
    num_features: int,
    assignments: int,
    binary: bool,
    recipe: str,
) -> None:
    """Assign and aggregate the descriptors of the ``chunk[0]``-th (from 1) of ``chunk[1]`` parts of the images."""
    words = Codebook.load(codebook)
    index, count = chunk
    with FeatureFile(features) as file:
        images = len(file) * (index - 1) // count, len(file) * index // count
        whole = aggregate_features(
            file,
            words,
            *images,
            images_per_block=_IMAGES_PER_BLOCK,
            num_features=num_features,
            assignments=assignments,
            binary=binary,
        )
    content = StoredAggregated(whole.vectors, whole.words, whole.image_ids, images, words.size)
    write_aggregated(output, content, {"recipe": recipe})
