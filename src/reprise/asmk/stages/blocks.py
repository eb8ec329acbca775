"""Assignment and aggregation of the images of a file of features, in blocks of images that bound the memory."""

import numpy as np
from tqdm import tqdm

from reprise.asmk.aggregation import aggregate
from reprise.asmk.postings import Aggregated
from reprise.codebooks.codebook import Codebook
from reprise.codebooks.descriptors import as_descriptors
from reprise.formats.features import Features
from reprise.storage.errors import DataError


def aggregate_features(
    file: Features,
    codebook: Codebook,
    *,
    images_per_block: int,
    num_features: int,
    assignments: int,
    binary: bool,
) -> Aggregated:
    """Aggregate the images of a file of features, of any layout.

    Args:
        file: the features
        codebook: the codebook that assigns descriptors to words
        images_per_block: number of images that are in memory at a time
        num_features: number of strongest descriptors of an image that are used
        assignments: number of words that each descriptor is assigned to
        binary: aggregate to sign bits, see :func:`reprise.asmk.aggregate`

    Returns:
        the postings of all images; the ids are their positions in the file

    Raises:
        DataError: the file has no descriptors, or of another dimension than the codebook
    """
    file.require("aggregation with this codebook", dim=codebook.dim)
    parts = []
    for first in tqdm(range(0, len(file), images_per_block), unit="block", mininterval=1.0):
        descriptors, image_ids = file.read_rows(first, min(first + images_per_block, len(file)), num_features)
        try:
            words = codebook.assign(descriptors, assignments, device="auto")
        except DataError as error:
            raise _named(error, file, descriptors, image_ids) from error
        parts.append(aggregate(descriptors, words, image_ids, codebook, binary=binary))
    if not parts:
        none = np.zeros(0, np.int64)
        empty = np.zeros((0, codebook.dim), np.float32)
        return aggregate(empty, none[:, None], none, codebook, binary=binary)
    return Aggregated(*(np.concatenate([getattr(part, key) for part in parts]) for key in _COLUMNS))


def _named(error: DataError, file: Features, descriptors: np.ndarray, image_ids: np.ndarray) -> DataError:
    """Return the error of a block as that of the first image that has it alone."""
    for image in np.unique(image_ids):
        try:
            as_descriptors(descriptors[image_ids == image], None)
        except DataError as own:
            return DataError(f"{file.where(image)}: {own}")
    return error


_COLUMNS = ("vectors", "words", "image_ids")
