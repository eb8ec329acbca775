"""What the words of two images give of their score in a search of bags of words."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.bow import BagOfWords, explain
from reprise.storage.errors import DataError


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_contributions_sum_up_to_the_score_of_the_search(seed):
    random = np.random.default_rng(seed)
    n_words, n_images, assignments = (int(number) for number in random.integers(1, [9, 7, 4]))
    words, ids = random.integers(0, n_words, 30), np.sort(random.integers(0, n_images, 30))
    asked = random.integers(0, n_words, (8, assignments))
    index = BagOfWords.build(words, ids, n_words, n_images=n_images)
    (scores,) = index.scores(index.vectors(asked, np.zeros(8, int)))
    for image, score in enumerate(scores):
        told = explain(index, image, asked, words[ids == image])
        assert told.score == score  # to the last bit
        assert told.contributions.sum() == pytest.approx(score, rel=1e-12)
        assert (np.diff(told.contributions) <= 0).all() and set(told.words) <= set(asked.ravel()) & set(words)
        for shares in (told.query, told.image):
            parts = np.bincount(shares.words, shares.contributions, len(told.words))
            np.testing.assert_allclose(parts, told.contributions, rtol=1e-12)
        for word, contribution in enumerate(told.contributions):
            assert sum(value for _, _, value in told.pairs_of(word)) == pytest.approx(contribution)


def test_features_of_a_word_share_alike():
    """The query has word 0 twice and word 1 once; the image has word 0 once, and word 1 three times."""
    index = BagOfWords.build(np.array([0, 1, 1, 1, 2]), np.array([0, 0, 0, 0, 1]), 3)
    told = explain(index, 0, np.array([0, 1, 0]), np.array([1, 0, 1, 1]))
    assert told.words.tolist() == [1, 0] and told.contributions[0] == pytest.approx(1.5 * told.contributions[1])
    pairs = [told.pairs_of(word) for word in (0, 1)]
    assert [[pair[:2] for pair in found] for found in pairs] == [[(1, 0), (1, 2), (1, 3)], [(0, 1), (2, 1)]]
    for found, contribution in zip(pairs, told.contributions, strict=True):
        assert [value for _, _, value in found] == pytest.approx([contribution / len(found)] * len(found))
    assert len(explain(index, 0, np.array([0, 1, 0]), np.zeros((0, 0), int)).image.words) == 0
    nothing = explain(index, 1, np.array([0, 1, 0]), np.array([2]))
    assert nothing.score == 0 and len(nothing.words) == len(nothing.query.words) == 0


def test_what_does_not_fit_is_refused():
    index = BagOfWords.build(np.array([0, 1]), np.array([0, 1]), 2)
    with pytest.raises(DataError, match="image_id: is 2, and the index has 2"):
        explain(index, 2, np.array([0]), np.array([0]))
    with pytest.raises(DataError, match="words: 5 to 5, but there are 2"):
        explain(index, 0, np.array([5]), np.array([0]))
