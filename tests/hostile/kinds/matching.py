"""What the matching of pairs of images reads: sequences of HPatches, and files of what was measured of them."""

from pathlib import Path

import numpy as np
from hostile import mutations
from hostile.kinds.base import Kind, Sample, by_bytes, each, files, hdf5_damage

from reprise.datasets.hpatches_sequences import read_homography
from reprise.formats.pair_errors import MeasuredPairs, read_measured_pairs, write_measured_pairs
from reprise.reporting.matching import evaluate_matching


def _homographies() -> list[Sample]:
    texts = (b"1 0 7\n0 1 -2.5\n0 0 1\n", b"0.8797 0.3125 -39.43\r\n-0.1839 0.9385 153.2\r\n1.964e-04 -1.6e-05 1.0\r\n")
    return [{"H_1_2": text} for text in texts]


def _read_homographies(folder: Path) -> None:
    for path in each(folder):
        assert np.isfinite(read_homography(path)).all()


def _measured() -> list[Sample]:
    keypoints, corner_errors = np.array([[3, 2], [3, 0]]), np.array([0.5, np.inf])
    matches, errors = np.array([[0, 1], [2, 0]]), np.array([0.25, np.inf])
    plain = MeasuredPairs(["v_a/1-2", "i_b/1-2"], np.array([0, 2, 2]), matches, errors, keypoints, corner_errors)
    framed = MeasuredPairs(**{**vars(plain), "framed_corner_errors": corner_errors, "matching_scores": np.ones(2)})
    return [
        files(lambda folder, pairs=pairs: write_measured_pairs(folder / "x.h5", pairs, {"recipe": "{}"}))
        for pairs in (plain, framed)
    ]


def _read_measured(folder: Path) -> None:
    evaluate_matching(read_measured_pairs(folder / "x.h5"), folder / "x.h5")


KINDS = {
    "homographies": Kind(_homographies, _read_homographies, by_bytes(mutations.written)),
    "measured pairs": Kind(_measured, _read_measured, hdf5_damage),
}
