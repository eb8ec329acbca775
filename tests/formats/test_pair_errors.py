"""Files of what is measured of pairs of images."""

from dataclasses import replace

import numpy as np
import pytest

from reprise.formats.pair_errors import MeasuredPairs, read_measured_pairs, write_measured_pairs
from reprise.storage.errors import DataError

PAIRS = MeasuredPairs(
    ["v_a/1-2", "i_b/1-6"], np.array([0, 2, 2]), np.array([[0, 1], [2, 0]]), np.array([0.25, np.inf]),
    np.array([[3, 2], [3, 0]]), np.array([0.5, np.inf]), np.array([0.75, np.inf]), np.array([0.5, 0]),
)  # fmt: skip


def written(folder, pairs):
    write_measured_pairs(folder / "x.h5", pairs, {"recipe": "{}"})
    return folder / "x.h5"


@pytest.mark.parametrize("pairs", [PAIRS, replace(PAIRS, framed_corner_errors=None, matching_scores=None)])
def test_what_is_written_is_read(tmp_path, pairs):
    read = read_measured_pairs(written(tmp_path, pairs))
    for key, value in vars(pairs).items():
        np.testing.assert_array_equal(getattr(read, key), value)
    assert read.sequences == ["v_a", "i_b"]
    assert [read.errors_of(pair).tolist() for pair in (0, 1)] == [[0.25, np.inf], []]


@pytest.mark.parametrize(
    "change",
    [
        {"pairs": ["v_a/1-2"]},
        {"offsets": np.array([0, 2, 1])},
        {"offsets": np.array([0, 3, 2])},
        {"offsets": np.array([1, 2, 2])},
        {"matches": np.array([[0, 2], [2, 0]])},
        {"matches": np.array([[0, -1], [2, 0]])},
        {"matches": np.array([[0, 1]])},
        {"errors": np.array([0.25, np.nan])},
        {"errors": np.array([0.25, -1.0])},
        {"keypoints": np.array([[3, 2, 1], [3, 0, 1]])},
        {"corner_errors": np.array([0.5, np.nan])},
        {"corner_errors": np.array([0.5])},
        {"framed_corner_errors": np.array([0.5])},
        {"matching_scores": np.array([0.5, 1.5])},
    ],
    ids=str,
)
def test_arrays_that_do_not_fit_are_refused(tmp_path, change):
    with pytest.raises(DataError, match=r"x\.h5: its arrays do not fit each other, or hold no distances; delete it"):
        read_measured_pairs(written(tmp_path, replace(PAIRS, **change)))
