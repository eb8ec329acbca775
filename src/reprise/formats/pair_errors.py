"""Files of what is measured of pairs of images whose homography is known.

Layout (docs/formats.md): ``pairs`` (P) names; ``offsets`` (P + 1) i8, ``matches`` (M, 2) i4 and ``errors`` (M) f8: the
matches of pair p are rows offsets[p] to offsets[p + 1]; ``keypoints`` (P, 2) i4, numbers of keypoints of both images;
``corner_errors`` (P) f8, infinite where no homography was found; and where images were stretched, too,
``framed_corner_errors`` (P) f8 and ``matching_scores`` (P) f8.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from reprise.storage import hdf5
from reprise.storage.errors import DataError

_KIND = "errors of pairs of images"
_DATASETS = {"pairs": 1, "offsets": 1, "matches": 2, "errors": 1, "keypoints": 2, "corner_errors": 1}
_FRAMED = ("framed_corner_errors", "matching_scores")


@dataclass(frozen=True)
class MeasuredPairs:
    """What is measured of P pairs of images.

    Attributes:
        pairs: P names, of a sequence and two of its images, such as ``v_wall/1-4``
        offsets: (P + 1,) int64, the matches of pair p are rows offsets[p] to offsets[p + 1]
        matches: (M, 2) int32, indices of matched keypoints of both images
        errors: (M,) float64, distances in pixels of matched keypoints and the places where they should be
        keypoints: (P, 2) int32, numbers of keypoints of both images
        corner_errors: (P,) float64, of the estimated homography, in pixels, infinite without one
        framed_corner_errors: (P,) float64, the same in frames of 640 x 480 pixels; None where that was not measured
        matching_scores: (P,) float64 in [0, 1], in the same frames
    """

    pairs: list[str]
    offsets: np.ndarray
    matches: np.ndarray
    errors: np.ndarray
    keypoints: np.ndarray
    corner_errors: np.ndarray
    framed_corner_errors: np.ndarray | None = None
    matching_scores: np.ndarray | None = None

    @property
    def sequences(self) -> list[str]:
        """The sequence of each pair."""
        return [name.partition("/")[0] for name in self.pairs]

    def errors_of(self, pair: int) -> np.ndarray:
        """The errors of the matches of a pair, (m,) float64 in pixels."""
        return self.errors[self.offsets[pair] : self.offsets[pair + 1]]


def write_measured_pairs(path: str | os.PathLike, measured: MeasuredPairs, attributes: Mapping[str, object]) -> None:
    """Write what is measured of pairs, atomically; ``attributes`` are those of the file, such as the recipe."""
    with hdf5.create(path, attributes) as file:
        hdf5.write_names(file, "pairs", measured.pairs)
        hdf5.write_array(file, "offsets", measured.offsets.astype(np.int64))
        hdf5.write_array(file, "matches", measured.matches.astype(np.int32))
        hdf5.write_array(file, "errors", measured.errors.astype(np.float64))
        hdf5.write_array(file, "keypoints", measured.keypoints.astype(np.int32))
        hdf5.write_array(file, "corner_errors", measured.corner_errors.astype(np.float64))
        for key in _FRAMED:
            if getattr(measured, key) is not None:
                hdf5.write_array(file, key, getattr(measured, key).astype(np.float64))


def read_measured_pairs(path: str | os.PathLike) -> MeasuredPairs:
    """Read and check a file that :func:`write_measured_pairs` wrote.

    Raises:
        DataError: no such file, another kind of file, arrays that do not fit each other, or numbers that are none
    """
    with hdf5.open_checked(path, _DATASETS, _KIND) as file:
        has_frames = all(key in file for key in _FRAMED)
        measured = MeasuredPairs(
            hdf5.read_names(file, "pairs"),
            hdf5.read_array(file, "offsets", "iu").astype(np.int64),
            hdf5.read_array(file, "matches", "iu"),
            hdf5.read_array(file, "errors", "f"),
            hdf5.read_array(file, "keypoints", "iu"),
            hdf5.read_array(file, "corner_errors", "f"),
            *(hdf5.read_array(file, key, "f") for key in _FRAMED if has_frames),
        )
    if not _fits(measured):
        raise DataError(f"{path}: its arrays do not fit each other, or hold no distances; delete it and run again")
    return measured


def _fits(measured: MeasuredPairs) -> bool:
    count, rows = len(measured.pairs), len(measured.errors)
    offsets, scores = measured.offsets, measured.matching_scores
    values = [measured.errors, measured.corner_errors]
    per_pair = [measured.keypoints, measured.corner_errors]
    if scores is not None and measured.framed_corner_errors is not None:
        values += [measured.framed_corner_errors, scores]
        per_pair += [measured.framed_corner_errors, scores]
    return bool(
        offsets.shape == (count + 1,)
        and measured.keypoints.shape == (count, 2)
        and measured.matches.shape == (rows, 2)
        and all(array.ndim and len(array) == count for array in per_pair)
        and all(array.ndim == 1 and (array >= 0).all() for array in values)
        and offsets[0] == 0
        and offsets[-1] == rows
        and (np.diff(offsets) >= 0).all()
        and (scores is None or (scores <= 1).all())
        and _matches_fit(measured)
    )


def _matches_fit(measured: MeasuredPairs) -> bool:
    limits = np.repeat(measured.keypoints, np.diff(measured.offsets), axis=0)
    return bool(((measured.matches >= 0) & (measured.matches < limits)).all())
