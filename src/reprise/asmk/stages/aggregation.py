"""From the features of a database and a codebook to aggregated descriptors."""

import os
from collections.abc import Mapping

from reprise.asmk.stages.blocks import aggregate_features
from reprise.codebooks.codebook import Codebook
from reprise.formats.aggregated import StoredAggregated, write_aggregated
from reprise.formats.features import open_features

_IMAGES_PER_BLOCK = 64


def aggregate_chunk(
    features: str | os.PathLike,
    codebook: str | os.PathLike,
    output: str | os.PathLike,
    *,
    num_features: int,
    database_assignments: int,
    binary: bool,
    attributes: Mapping[str, object],
    first_image: int | None = None,
) -> None:
    """Assign and aggregate the descriptors of a chunk of a database; the image ids are those of the whole database.

    Args:
        features: the file of features of the chunk
        codebook: the file of the codebook
        output: the file of aggregated descriptors
        num_features: number of strongest descriptors of an image that are used
        database_assignments: number of words that each descriptor is assigned to
        binary: aggregate to sign bits, see :func:`reprise.asmk.aggregate`
        attributes: HDF5 attributes of the file of aggregated descriptors, such as the recipe
        first_image: the position of the first image in its dataset; None: the one that the file of features says, which
            is that of the list of images when they were extracted

    Raises:
        DataError: files that do not fit each other
    """
    words = Codebook.load(codebook)
    with open_features(features) as file:
        part = aggregate_features(
            file,
            words,
            images_per_block=_IMAGES_PER_BLOCK,
            num_features=num_features,
            assignments=database_assignments,
            binary=binary,
        )
        first = file.first_image if first_image is None else first_image
        last, skipped = first + len(file), file.skipped
    content = StoredAggregated(part.vectors, part.words, part.image_ids + first, (first, last), words.size)
    # The chunk of features may be deleted, and with it the list of images that could not be decoded.
    write_aggregated(output, content, {**attributes, "skipped": skipped})
