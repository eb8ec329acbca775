"""What words and matches give of a score of Hamming embedding, and that of the published program."""

import json

import numpy as np
import pytest
from hamming_data import query_of, signatures
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.hamming import HammingIndex, Signatures, explain
from reprise.hamming.settings import Votes
from reprise.storage.errors import DataError


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("he", {"idf": False, "burst": False}),
        ("he_burst", {"idf": False}),
        ("he_idf", {"burst": False}),
        ("he_idf_burst", {}),
    ],
)
def test_matches_and_scores_are_those_of_the_published_program(golden, name, flags):
    published = golden("hqe")
    parameters = json.loads(str(published["parameters"]))
    index = HammingIndex.build(signatures(published, "database", published["database_counts"]), 24)
    votes = Votes(threshold=int(parameters["ht"]), sigma=parameters["nbits"] / 4, normalise=False, **flags)
    matched = 0
    for number in range(3):
        query, matches = query_of(published, number), published[f"query{number}_matches"]
        for image, score in enumerate(published[f"query{number}_{name}"]):
            told = explain(index, image, query, votes, assignments=3)
            assert told.score == pytest.approx(score, abs=1e-4)
            assert told.contributions.sum() == pytest.approx(told.score, rel=1e-12)
            # The published table: feature of the query, which of its words, image, distance.
            weighs = (index.idf > 0) | (not votes.idf)
            kept = matches[(matches[:, 2] == image) & weighs[query.words[3 * matches[:, 0] + matches[:, 1]]]]
            assert sorted(told.pairs.query) == sorted(kept[:, 0])
            matched += len(told.pairs.query)
    assert matched > 100


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_contributions_sum_up_to_the_score_of_the_search(seed):
    random = np.random.default_rng(seed)
    codes = np.random.default_rng(0).integers(0, 2**63, (2, 2), dtype=np.uint64)
    n_images = int(random.integers(1, 6))

    def some(n, images):
        ids = np.sort(random.integers(0, images, n))
        flipped = np.uint64(1) << random.integers(0, 64, (n, 2), dtype=np.uint64)
        return Signatures(random.integers(0, 5, n), codes[random.integers(0, 2, n)] ^ flipped, ids)

    database, query = some(30, n_images), some(12, 1)
    flags = dict(zip(("idf", "burst", "normalise"), (random.random(3) < 0.5).tolist(), strict=True))
    votes, index = Votes(sigma=20.0, **flags), HammingIndex.build(database, 5, n_images=n_images)
    (scores,), _ = index.scores(query, votes)
    for image, score in enumerate(scores):
        told = explain(index, image, query, votes, assignments=2)
        np.testing.assert_allclose(told.score, score, rtol=1e-12)
        np.testing.assert_allclose(told.contributions.sum(), score, rtol=1e-12)
        assert np.isnan(score) or (np.diff(told.contributions) <= 0).all()
        assert (told.pairs.query < 6).all()  # of twelve signatures, two for each feature
        for part in (told.query, told.image, told.pairs):
            sums = np.bincount(part.words, part.contributions, len(told.words))
            np.testing.assert_allclose(sums, told.contributions, rtol=1e-12)


def test_what_does_not_fit_is_refused():
    code = np.zeros((2, 1), np.uint64)
    index = HammingIndex.build(Signatures(np.array([0, 1]), code, np.array([0, 1])), 2)
    one = Signatures(np.array([0]), code[:1], np.array([0]))
    with pytest.raises(DataError, match="image_id: is -1, and the index has 2"):
        explain(index, -1, one)
    with pytest.raises(DataError, match="query: holds features of several queries"):
        explain(index, 0, Signatures(np.array([0, 1]), code, np.array([0, 1])))
    with pytest.raises(DataError, match="query: words 7 to 7"):
        explain(index, 0, Signatures(np.array([7]), code[:1], np.array([0])))
