"""Descriptors of the HPatches patches, as the tasks read them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from reprise.evaluation.hpatches_tasks import IMAGES, NOISES

REFERENCE = "ref"
#: ``sequence -> type -> (n, D)``, or ``"sequence/type" -> (n, D)`` as files of HDF5 and of NumPy have them.
HPatchesDescriptors = Mapping[str, Any]


def types_of(noise: str) -> list[str]:
    """List the types of patches of a noise level, by number: ``ref``, and images 1 to 5."""
    return [REFERENCE, *(f"{noise}{image}" for image in range(1, IMAGES + 1))]


def all_types() -> list[str]:
    """List the 16 types of patches."""
    return [REFERENCE, *(name for noise in NOISES for name in types_of(noise)[1:])]


def read_descriptors(descriptors: HPatchesDescriptors, sequence: str, name: str) -> np.ndarray:
    """Return the descriptors of one image of patches.

    Returns:
        (n, D) of a floating type

    Raises:
        ValueError: they are missing, have another form, or are not finite
    """
    try:
        values = np.asarray(
            descriptors[sequence][name] if sequence in descriptors else descriptors[f"{sequence}/{name}"]
        )
    except KeyError as error:
        raise ValueError(f"descriptors: there are none of {sequence}/{name}; describe these patches, too") from error
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ValueError(f"descriptors: {sequence}/{name} are {values.dtype} of the shape {values.shape}, not (n, D)")
    if not np.isfinite(values).all():
        raise ValueError(f"descriptors: {sequence}/{name} are not all finite; describe these patches again")
    return values if values.dtype.kind == "f" else values.astype(np.float32)


def count_patches(descriptors: HPatchesDescriptors, sequences: Sequence[str]) -> np.ndarray:
    """Count the patches of the reference image of each sequence, (S,) integers."""
    return np.array([len(read_descriptors(descriptors, sequence, REFERENCE)) for sequence in sequences])


def read_noise(descriptors: HPatchesDescriptors, sequences: Sequence[str], noise: str) -> np.ndarray:
    """Return all descriptors of a noise level.

    Returns:
        (6, N, D): of ref and of images 1 to 5, sequence after sequence

    Raises:
        ValueError: as :func:`read_descriptors`, or images of a sequence with different numbers of patches
    """
    counts = count_patches(descriptors, sequences)
    starts = np.cumsum(counts) - counts
    types = types_of(noise)
    dim = read_descriptors(descriptors, sequences[0], REFERENCE)
    found = np.empty((len(types), counts.sum(), dim.shape[1]), dim.dtype)
    for start, count, sequence in zip(starts, counts, sequences, strict=True):
        for number, name in enumerate(types):
            values = read_descriptors(descriptors, sequence, name)
            check_shape(values, (count, dim.shape[1]), f"{sequence}/{name}", f"{sequence}/{REFERENCE}")
            found[number, start : start + count] = values
    return found


def check_shape(values: np.ndarray, expected: tuple[int, int], name: str, other: str) -> None:
    """Refuse descriptors of another number or dimension than those of the reference image."""
    if values.shape != expected:
        raise ValueError(
            f"descriptors: {name} has the shape {values.shape}, and {expected} is expected of {other}; all images of a "
            "sequence have the same patches"
        )


def check_patches(patches: np.ndarray, counts: np.ndarray, where: str) -> None:
    """Refuse patches (M, 2), sequence and index, that do not exist."""
    sequences, indices = patches[:, 0], patches[:, 1]
    outside = (sequences < 0) | (sequences >= len(counts)) | (indices < 0)
    outside |= indices >= counts[np.where(outside, 0, sequences)]
    if outside.any():
        row = int(np.argmax(outside))
        raise ValueError(
            f"{where}: row {row} names patch {indices[row]} of sequence {sequences[row]}, which does not exist; tasks "
            "and descriptors have to be of the same set"
        )
