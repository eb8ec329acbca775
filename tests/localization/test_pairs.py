"""Pairs of images: by covisibility, by rankings, and from lists."""

import numpy as np
import pytest

from reprise.formats.colmap_models import ModelImage
from reprise.formats.rankings import RankedList, Ranking
from reprise.localization.pairs import (
    among,
    covisible_pairs,
    first_of_each,
    known_pairs,
    ranked_pairs,
    read_pairs,
    unique_pairs,
    write_pairs,
)
from reprise.storage.errors import DataError


def images(**points):
    return {
        name: ModelImage(name, 1, np.array([1.0, 0, 0, 0]), np.zeros(3), np.zeros((len(seen), 2)), np.array(seen))
        for name, seen in points.items()
    }


def test_images_are_paired_with_those_that_share_the_most_points():
    seen = images(a=[1, 2, 3, -1], b=[1, 2, 3, 3], c=[3, 4, -1, -1], d=[9, 9, -1, 8])
    assert covisible_pairs(seen, 1) == [("a", "b"), ("a", "c")]  # c shares one with each, of which a is the first
    assert covisible_pairs(seen, 5) == [("a", "b"), ("a", "c"), ("b", "c")]


def test_a_model_without_common_points_has_no_pairs():
    with pytest.raises(DataError, match="no two images of the model show the same point"):
        covisible_pairs(images(a=[1], b=[2]), 5)


def test_queries_are_paired_with_the_first_of_their_rankings():
    ranks = np.array([[2, 0, 1], [1, -1, -1]], np.int32)
    ranking = Ranking(["q", "r"], ["a", "b", "c"], {"all": RankedList(ranks, np.zeros((2, 3), np.float32))})
    assert ranked_pairs(ranking, ["q", "r"], ["a", "b", "c"], 2) == [("q", "c"), ("q", "a"), ("r", "b")]
    with pytest.raises(DataError, match="the ranking is of other images than the dataset"):
        ranked_pairs(ranking, ["q", "s"], ["a", "b", "c"], 2)


def test_a_pair_in_both_directions_is_one_pair_and_stands_with_those_of_its_first_image():
    pairs = [("q", "c"), ("b", "a"), ("a", "b"), ("c", "q"), ("a", "q")]
    assert unique_pairs(pairs, ["a", "b", "c", "q"]) == [("a", "b"), ("a", "q"), ("c", "q")]


def test_lists_are_read_and_their_first_references_of_each_query_taken(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_text("# query reference\nq a\nq b\n\nc q\nr a\na b\n")
    pairs = read_pairs(path)
    assert pairs == [("q", "a"), ("q", "b"), ("c", "q"), ("r", "a"), ("a", "b")]
    assert first_of_each(pairs, ["q", "r"], ["a", "b", "c"], 2) == [("q", "a"), ("q", "b"), ("r", "a")]
    assert among(pairs, ["a", "b", "c"]) == [("a", "b")]
    write_pairs(path, pairs)
    assert read_pairs(path) == pairs


def test_unknown_names_are_refused_or_left_out_with_a_warning(caplog):
    pairs = [("q", "a"), ("q", "gone")]
    with pytest.raises(DataError, match=r"list.txt: 'gone' is no image of the dataset \(1 such names\)"):
        known_pairs(pairs, ["a", "q"], "list.txt")
    assert known_pairs(pairs, ["a", "q"], "list.txt", skip=True) == [("q", "a")]
    assert "1 names are no images of the dataset, 1 pairs are left out" in caplog.text
    with pytest.raises(DataError, match="none of its 2 pairs is of two images of the dataset"):
        known_pairs(pairs, ["a", "b"], "list.txt", skip=True)


@pytest.mark.parametrize("line", ["a", "a b c", "a a"])
def test_lines_that_are_no_pair_are_refused_with_their_number(tmp_path, line):
    path = tmp_path / "pairs.txt"
    path.write_text(f"a b\n{line}\n")
    with pytest.raises(DataError, match="line 2 is '.*', expected the names of two images"):
        read_pairs(path)


def test_names_with_spaces_fit_into_no_list(tmp_path):
    with pytest.raises(DataError, match="'a b' has a space"):
        write_pairs(tmp_path / "pairs.txt", [("a b", "c")])
