"""Files of nearest neighbours: the published ones are read, one form is written."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch

from reprise.formats import neighbors
from reprise.formats.neighbors import check_neighbors, open_neighbors, read_neighbors, write_neighbors
from reprise.formats.rankings import RankedList, read_ranking
from reprise.neighbors.ranking import rank_neighbors
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


def test_images_without_a_descriptor_are_at_the_end(tmp_path):
    similarities = np.array([[0.9, -0.5, -np.inf], [-np.inf] * 3], np.float32)
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, similarities))
    assert np.array_equal(read_neighbors(tmp_path / "nn.pkl").scores, similarities)
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, similarities[:, ::-1]))
    with pytest.raises(DataError, match="query 0 contain minus infinity before others"):
        read_neighbors(tmp_path / "nn.pkl")


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


@pytest.fixture
def in_blocks(monkeypatch):
    """All files are large, and a block is of one query."""
    monkeypatch.setattr(neighbors, "_LARGE", 0)
    monkeypatch.setattr(neighbors, "_ITEMS", 3)


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_large_pickles_are_read_in_blocks(tmp_path, convert, in_blocks):
    path = dump(
        tmp_path / "nn.pkl", convert(np.tile(np.stack([SIMILARITIES, INDICES]).astype(np.float32), (1, 600, 1)))
    )
    file = open_neighbors(path, num_queries=1200, num_images=4)
    assert file.large and file.shape == (1200, 3)
    assert [start for start, _ in file.blocks()] == list(range(1200))
    found = read_neighbors(path, first=2)
    assert np.array_equal(found.ranks[-2:], INDICES[:, :2])
    assert np.array_equal(found.scores[-2:], SIMILARITIES[:, :2])


def test_errors_of_later_blocks_name_the_query(tmp_path, in_blocks):
    content = np.tile(np.stack([SIMILARITIES, INDICES]).astype(np.float32), (1, 600, 1))
    for plane, value, message in (
        (1, 9, "query 777 has the neighbour 9, outside"),
        (1, 1.5, "NaN or fractions"),
        (0, np.nan, "similarities of query 777 contain NaN"),
    ):
        wrong = content.copy()
        wrong[plane, 777, 2] = value
        with pytest.raises(DataError, match=message):
            read_neighbors(dump(tmp_path / "nn.pkl", wrong), num_images=4)
    with pytest.raises(DataError, match="has neighbours of 1200 queries, expected 3"):
        open_neighbors(dump(tmp_path / "nn.pkl", content), num_queries=3)


def test_a_ranking_that_is_written_in_blocks_is_the_same(tmp_path, monkeypatch):
    content = np.tile(np.stack([SIMILARITIES, INDICES]).astype(np.float32), (1, 600, 1))
    path = dump(tmp_path / "nn.pkl", content)
    names = [f"query {number}" for number in range(1200)], list("abcd"), []
    rank_neighbors(path, tmp_path / "whole.h5", *names, {"recipe": "r"})
    monkeypatch.setattr(neighbors, "_LARGE", 0)
    monkeypatch.setattr(neighbors, "_ITEMS", 10)
    rank_neighbors(path, tmp_path / "blocks.h5", *names, {"recipe": "r"})
    whole, blocks = (read_ranking(tmp_path / name) for name in ("whole.h5", "blocks.h5"))
    assert np.array_equal(whole.lists["all"].ranks, blocks.lists["all"].ranks)
    assert np.array_equal(whole.lists["all"].scores, blocks.lists["all"].scores)
    assert replace(whole, lists={}) == replace(blocks, lists={})


def test_names_tell_how_large_the_database_is(tmp_path):
    write_neighbors(tmp_path / "nn.pkl", RankedList(INDICES, SIMILARITIES))
    with pytest.raises(DataError, match="outside of the database of 3 images"):
        read_neighbors(tmp_path / "nn.pkl", num_images=3)


def test_lists_that_no_search_made_are_refused():
    with pytest.raises(DataError, match=r"x: query 1 has the neighbour 3, outside"):
        check_neighbors(RankedList(INDICES, SIMILARITIES), "x", num_images=3)
    with pytest.raises(DataError, match=r"x: has neighbours of 2 queries, expected 3"):
        check_neighbors(RankedList(INDICES, SIMILARITIES), "x", num_queries=3)


def named(**changes):
    """The ranking of two queries in the layout of the published re-ranking of HNDesc: other orders than the dataset."""
    ranks = np.array([[2, 0], [1, 2], [0, 1]])
    content = {"db_images": ["jpg/c.jpg", "a.jpg", "x/b.jpg"], "q_images": ["r.jpg", "q.jpg"], "ranks": ranks}
    return {**content, **changes}


def test_published_ranks_with_names_become_indices_of_the_dataset(tmp_path):
    rank_neighbors(dump(tmp_path / "gem.pkl", named()), tmp_path / "r.h5", ["q", "r"], list("abc"), [], {"recipe": "r"})
    found = read_ranking(tmp_path / "r.h5").lists["all"]
    assert found.ranks.tolist() == [[2, 1, 0], [1, 0, 2]]
    assert found.scores.tolist() == [[0, -1, -2]] * 2


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"db_images": ["c.jpg", "a.jpg", "z.jpg"]}, "'db_images': names 'z', which is none of them"),
        ({"db_images": ["c.jpg", "a.jpg", "a.jpg"]}, "'db_images': lists 3 images; the dataset has 3"),
        ({"q_images": ["q.jpg"]}, "'q_images': lists 1 images; the dataset has 2"),
        ({"q_images": "qr"}, "'q_images': expected a list of file names"),
        ({"q_images": [1, 2]}, "'q_images': expected a list of file names"),
        ({"ranks": [[2, 0], [1], [0, 1]]}, "'ranks'"),
        ({"ranks": np.array([[2, 0], [1, 2], [0, 1.5]])}, "'ranks' are float64"),
        ({"ranks": np.array([[2, 0], [1, 2], [0, -1]])}, "'ranks' are no order of all 3 images"),
        ({"ranks": np.array([[2, 0], [1, 2], [0, 2]])}, "'ranks' are no order of all 3 images"),
        ({"ranks": np.array([[2, 1, 0], [0, 1, 2]])}, r"'ranks' are int64 of shape \(2, 3\), expected .* \(3, 2\)"),
    ],
)
def test_published_ranks_of_other_images_are_refused(tmp_path, changes, message):
    path = dump(tmp_path / "gem.pkl", named(**changes))
    with pytest.raises(DataError, match=r"gem\.pkl: " + message):
        rank_neighbors(path, tmp_path / "r.h5", ["q", "r"], list("abc"), [], {})


def test_an_archive_that_lacks_the_ranks_is_said(tmp_path):
    with pytest.raises(DataError, match=r"gem\.pkl: there is no such file.* correct the `members` of its neighbors"):
        rank_neighbors(tmp_path / "gem.pkl", tmp_path / "r.h5", ["q", "r"], list("abc"), [], {})
