"""Files of rankings and of aggregated descriptors."""

import h5py
import numpy as np
import pytest

from reprise.formats.aggregated import StoredAggregated, read_aggregated, write_aggregated
from reprise.formats.rankings import StoredRankings, read_rankings, write_rankings
from reprise.storage.errors import DataError


@pytest.fixture
def rankings():
    return StoredRankings(np.array([[1, 0], [0, 1]]), np.array([[0.5, 0.25], [1.0, 0.0]]), ["q0", "q1"], ["a", "b"])


def test_rankings_come_back_and_can_be_looked_up_by_name(tmp_path, rankings):
    write_rankings(tmp_path / "r.h5", rankings, {"recipe": "{}"})
    read = read_rankings(tmp_path / "r.h5")
    assert np.array_equal(read.ranks, rankings.ranks) and read.ranks.dtype == np.int32
    assert np.array_equal(read.scores, rankings.scores)
    assert read.of("q0") == [("b", 0.5), ("a", 0.25)]


def test_an_unknown_query_is_named(rankings):
    with pytest.raises(DataError, match="no query 'q7'.*q0, q1"):
        rankings.of("q7")


def test_rankings_that_do_not_fit_are_refused(tmp_path, rankings):
    write_rankings(tmp_path / "r.h5", rankings, {})
    with h5py.File(tmp_path / "r.h5", "a") as file:
        del file["scores"]
        file["scores"] = np.zeros((2, 3))
    with pytest.raises(DataError, match=r"r\.h5.*do not fit"):
        read_rankings(tmp_path / "r.h5")


def test_aggregated_descriptors_come_back(tmp_path):
    content = StoredAggregated(
        np.arange(8, dtype=np.uint32).reshape(2, 4),
        np.array([3, 5], np.uint32),
        np.array([10, 11], np.uint32),
        (10, 13),
        64,
    )
    write_aggregated(tmp_path / "a.h5", content, {"recipe": "{}"})
    read = read_aggregated(tmp_path / "a.h5")
    assert read.images == (10, 13) and read.n_words == 64
    for key in ("vectors", "words", "image_ids"):
        assert np.array_equal(getattr(read, key), getattr(content, key))
        assert getattr(read, key).dtype == getattr(content, key).dtype
