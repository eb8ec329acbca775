"""Files of nearest neighbours: the published ones are read, one form is written."""

import pickle

import numpy as np
import pytest
import torch

from reprise.formats.neighbors import check_neighbors, read_neighbors, write_neighbors
from reprise.formats.rankings import RankedList
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
    assert found.scores.dtype == np.float32 and found.ranks.dtype == np.int64
    assert np.array_equal(found.scores, SIMILARITIES) and np.array_equal(found.ranks, INDICES)


@pytest.mark.parametrize("kind", [np.ndarray, torch.Tensor])
def test_what_is_written_is_the_published_layout(tmp_path, kind):
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, SIMILARITIES), as_tensor=kind is torch.Tensor)
    content = pickle.loads((tmp_path / "nn.pkl").read_bytes())
    assert type(content) is kind and tuple(content.shape) == (2, 2, 3)
    assert str(content.dtype).removeprefix("torch.") == "float32"
    found = read_neighbors(tmp_path / "nn.pkl")
    assert np.array_equal(found.scores, SIMILARITIES) and np.array_equal(found.ranks, INDICES)


def test_the_first_neighbors(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, SIMILARITIES))
    assert read_neighbors(tmp_path / "nn.pkl", first=2).ranks.tolist() == [[2, 0], [1, 3]]
    assert read_neighbors(tmp_path / "nn.pkl", num_images=4, first=300).ranks.shape == (2, 3)
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
    write_neighbors(tmp_path / "nn.pkl", RankedList(np.array([[2**24]]), np.ones((1, 1), np.float32)))
    assert read_neighbors(tmp_path / "nn.pkl").ranks.tolist() == [[2**24]]
    with pytest.raises(DataError, match="16777217 is beyond"):
        write_neighbors(tmp_path / "x.pkl", RankedList(np.array([[2**24 + 1]]), np.ones((1, 1), np.float32)))
    assert not (tmp_path / "x.pkl").exists()


def test_names_tell_how_large_the_database_is(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, SIMILARITIES))
    with pytest.raises(DataError, match="outside of the database of 3 images"):
        read_neighbors(tmp_path / "nn.pkl", num_images=3)


def test_lists_that_no_search_made_are_refused():
    with pytest.raises(DataError, match=r"x: query 1 has the neighbour 3, outside"):
        check_neighbors(RankedList(INDICES, SIMILARITIES), "x", num_images=3)
    with pytest.raises(DataError, match=r"x: has neighbours of 2 queries, expected 3"):
        check_neighbors(RankedList(INDICES, SIMILARITIES), "x", num_queries=3)
