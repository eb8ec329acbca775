"""Files of nearest neighbours: the published ones are read, one form is written, and rankings are shortlists, too."""

import pickle

import numpy as np
import pytest
import torch

from reprise.formats.neighbors import Neighbors, read_neighbors, read_shortlist, write_neighbors
from reprise.formats.rankings import StoredRankings, write_rankings
from reprise.storage.errors import DataError

INDICES = np.array([[2, 0, 1], [1, 3, 0]])
SIMILARITIES = np.array([[0.9, 0.5, -0.1], [0.8, 0.8, 0.25]], np.float32)


def dump(path, content):
    path.write_bytes(pickle.dumps(content))
    return path


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rows", [2, 3])
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_published_pickles(tmp_path, dtype, rows, convert):
    content = np.stack([SIMILARITIES, INDICES, INDICES + 7])[:rows].astype(dtype)
    found = read_neighbors(dump(tmp_path / "nn.pkl", convert(content)), num_queries=2, num_images=4)
    assert found.similarities.dtype == np.float32 and found.indices.dtype == np.int64
    assert np.array_equal(found.similarities, SIMILARITIES) and np.array_equal(found.indices, INDICES)


def test_what_is_written_is_the_published_layout(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", Neighbors(SIMILARITIES, INDICES))
    content = pickle.loads((tmp_path / "nn.pkl").read_bytes())
    assert type(content) is np.ndarray and content.dtype == np.float32 and content.shape == (2, 2, 3)
    found = read_neighbors(tmp_path / "nn.pkl")
    assert np.array_equal(found.similarities, SIMILARITIES) and np.array_equal(found.indices, INDICES)


def test_the_first_neighbors(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", Neighbors(SIMILARITIES, INDICES))
    assert read_neighbors(tmp_path / "nn.pkl", first=2).indices.tolist() == [[2, 0], [1, 3]]
    assert read_neighbors(tmp_path / "nn.pkl", num_images=4, first=300).indices.shape == (2, 3)
    with pytest.raises(DataError, match="has 3 neighbours per query, 4 were asked for"):
        read_neighbors(tmp_path / "nn.pkl", num_images=1000, first=4)


@pytest.mark.parametrize(
    "content, message",
    [
        ([1, 2], "holds list"),
        (np.zeros((4, 2, 3)), r"holds float64 \(4, 2, 3\)"),
        (np.zeros((2, 3)), r"holds float64 \(2, 3\)"),
        (np.zeros((2, 2, 3), int), "holds int64"),
        (np.stack([SIMILARITIES, [[0, 1, 0.5], [0, 1, 2]]]), "NaN or fractions"),
        (np.stack([SIMILARITIES, [[0, 1, np.nan], [0, 1, 2]]]), "NaN or fractions"),
        (np.stack([SIMILARITIES, [[0, 1, 4], [0, 1, 2]]]), "query 0 has the neighbour 4, outside.*4 images"),
        (np.stack([SIMILARITIES, [[0, 1, 2], [0, -1, 2]]]), "query 1 has the neighbour -1"),
        (np.stack([SIMILARITIES, [[0, 1, 2], [2, 0, 2]]]), "query 1 has a neighbour more than once"),
        (np.stack([np.full((2, 3), np.nan), INDICES]), "similarities of query 0"),
        (np.stack([SIMILARITIES[:1], INDICES[:1]]), "neighbours of 1 queries, expected 2"),
    ],
)
def test_wrong_pickles_are_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as error:
        read_neighbors(dump(tmp_path / "nn.pkl", content), num_queries=2, num_images=4)
    assert "nn.pkl" in str(error.value)


def test_code_in_a_pickle_is_refused(tmp_path):
    class Hostile:
        def __reduce__(self):
            return print, ("ran",)

    with pytest.raises(DataError, match="print"):
        read_neighbors(dump(tmp_path / "nn.pkl", Hostile()))


def test_indices_beyond_float32_are_not_written(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", Neighbors(np.ones((1, 1), np.float32), np.array([[2**24]])))
    assert read_neighbors(tmp_path / "nn.pkl").indices.tolist() == [[2**24]]
    with pytest.raises(DataError, match="16777217 is beyond"):
        write_neighbors(tmp_path / "x.pkl", Neighbors(np.ones((1, 1), np.float32), np.array([[2**24 + 1]])))
    assert not (tmp_path / "x.pkl").exists()


@pytest.fixture
def rankings(tmp_path):
    """Rankings over a, b, c and the distractors x and y, of which y is ranked."""
    write_rankings(
        tmp_path / "r.h5",
        StoredRankings(np.array([[4, 1, 0], [2, 0, 4]]), SIMILARITIES, ["q", "r"], ["a", "b", "c", "x", "y"]),
        {},
    )
    return tmp_path / "r.h5"


def test_rankings_are_shortlists(rankings):
    found = read_shortlist(rankings, num_queries=2, num_images=5, first=2)
    assert found.indices.tolist() == [[4, 1], [2, 0]]
    assert np.array_equal(found.similarities, SIMILARITIES[:, :2])


def test_rankings_are_renumbered_by_name(rankings):
    found = read_shortlist(rankings, query_names=["q", "r"], database_names=["y", "c", "b", "a", "z"])
    assert found.indices.tolist() == [[0, 2, 3], [1, 3, 0]]


@pytest.mark.parametrize(
    "names, message",
    [
        ({"query_names": ["r", "q"]}, "its queries are not those"),
        ({"database_names": ["a", "b", "y"]}, "ranks 'c', of which there are no local features"),
        ({"num_images": 4}, "neighbour 4, outside"),
    ],
)
def test_rankings_of_other_images_are_refused(rankings, names, message):
    with pytest.raises(DataError, match=message):
        read_shortlist(rankings, **names)


def test_neighbors_are_shortlists(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", Neighbors(SIMILARITIES, INDICES))
    found = read_shortlist(tmp_path / "nn.pkl", query_names=["q", "r"], database_names=list("abcd"))
    assert np.array_equal(found.indices, INDICES)
    with pytest.raises(DataError, match="outside of the database of 3 images"):
        read_shortlist(tmp_path / "nn.pkl", database_names=list("abc"))
    with pytest.raises(DataError, match=r"no\.pkl: there is no such file"):
        read_shortlist(tmp_path / "no.pkl")
