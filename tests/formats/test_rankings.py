"""Files of rankings and of aggregated descriptors."""

import h5py
import numpy as np
import pytest

from reprise.formats.aggregated import StoredAggregated, read_aggregated, write_aggregated
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking, write_ranking
from reprise.storage.errors import DataError


@pytest.fixture
def ranking():
    ranked = RankedList(np.array([[1, 0], [0, 1]]), np.array([[0.5, 0.25], [1.0, 0.0]]))
    return Ranking(["q0", "q1"], ["a", "b"], {ALL: ranked})


def test_rankings_come_back_and_can_be_looked_up_by_name(tmp_path, ranking):
    write_ranking(tmp_path / "r.h5", ranking, {"recipe": "{}"})
    read = read_ranking(tmp_path / "r.h5")
    assert np.array_equal(read.lists[ALL].ranks, ranking.lists[ALL].ranks)
    assert read.lists[ALL].ranks.dtype == np.int32 and read.lists[ALL].places is None
    assert np.array_equal(read.lists[ALL].scores, ranking.lists[ALL].scores)
    assert read.of("q0") == [("b", 0.5), ("a", 0.25)]
    assert read.list_of("medium") is read.lists[ALL]
    assert (read.distractors, read.searched, read.sizes, read.reranked) == (0, 2, {}, None)


def test_a_list_per_protocol_comes_back(tmp_path, ranking):
    first, places = ranking.lists[ALL], np.array([[0], [3]])
    other = RankedList(first.ranks[:, ::-1], first.scores, places)
    sizes = {"index bytes": {"exp": 5}, "token bytes": {"net": 7}}
    whole = Ranking(["q0", "q1"], ["a", "x"], {"medium": first, "easy": other}, 1, 9, sizes, 2)
    write_ranking(tmp_path / "r.h5", whole, {})
    read = read_ranking(tmp_path / "r.h5")
    assert list(read.lists) == ["medium", "easy"]
    assert np.array_equal(read.list_of("easy").ranks, other.ranks) and np.array_equal(
        read.list_of("easy").places, places
    )
    assert (read.distractors, read.searched, read.sizes, read.reranked) == (1, 9, sizes, 2)
    assert read.of("q0", "easy") == [("a", 0.5), ("x", 0.25)]
    with pytest.raises(DataError, match="has no list for 'hard', only for medium, easy"):
        read.list_of("hard")
    with pytest.raises(DataError, match="has no list for 'all'"):
        read.of("q0")


def test_an_unknown_query_is_named(ranking):
    with pytest.raises(DataError, match="no query 'q7'.*q0, q1"):
        ranking.of("q7")


def test_rankings_that_do_not_fit_are_refused(tmp_path, ranking):
    write_ranking(tmp_path / "r.h5", ranking, {})
    with h5py.File(tmp_path / "r.h5", "a") as file:
        del file["scores"]
        file["scores"] = np.zeros((2, 3))
    with pytest.raises(DataError, match=r"r\.h5.*do not fit"):
        read_ranking(tmp_path / "r.h5")
    with h5py.File(tmp_path / "r.h5", "a") as file:
        del file["scores"]
    with pytest.raises(DataError, match=r"r\.h5.*do not fit"):
        read_ranking(tmp_path / "r.h5")


def test_rankings_of_before_are_named_as_such(tmp_path, ranking):
    write_ranking(tmp_path / "r.h5", ranking, {})
    with h5py.File(tmp_path / "r.h5", "a") as file:
        del file.attrs["version"]
    with pytest.raises(DataError, match=r"r\.h5: was written by another version.*delete it.*run again"):
        read_ranking(tmp_path / "r.h5")


@pytest.fixture
def known():
    """Over a, b, c and the distractors x and y, of which y is ranked."""
    ranks = np.array([[4, 1, 0], [2, 0, 4]])
    return Ranking(["q", "r"], list("abcxy"), {ALL: RankedList(ranks, np.zeros((2, 3), np.float32))}, 2)


def test_rankings_are_renumbered_by_name(known):
    found = known.for_images(["q", "r"], ["y", "c", "b", "a", "z"], "r.h5")
    assert found.lists[ALL].ranks.tolist() == [[0, 2, 3], [1, 3, 0]]
    assert found.database_names == ["y", "c", "b", "a", "z"]
    assert known.for_images(["q", "r"], list("abcxy"), "r.h5") is known


def test_what_pads_a_list_is_no_image():
    padded = Ranking(["q"], ["a", "b"], {ALL: RankedList(np.array([[1, -1]]), np.array([[0.5, 0.0]]))})
    assert padded.of("q") == [("b", 0.5)]
    assert padded.for_images(["q"], ["b", "c"], "r.h5").lists[ALL].ranks.tolist() == [[0, -1]]


@pytest.mark.parametrize(
    "queries, database, message",
    [("rq", "abcxy", "r.h5: its queries are not those"), ("qr", "aby", "r.h5: ranks 'c', of which there are no local")],
)
def test_rankings_of_other_images_are_refused(known, queries, database, message):
    with pytest.raises(DataError, match=message):
        known.for_images(list(queries), list(database), "r.h5")


def test_the_first_of_a_list(known):
    first = known.lists[ALL].first(2)
    assert first.ranks.tolist() == [[4, 1], [2, 0]] and first.scores.shape == (2, 2)
    for count in (0, 4):
        with pytest.raises(DataError, match=f"shortlist: is {count}, and the rankings hold 3 images"):
            known.lists[ALL].first(count)


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
