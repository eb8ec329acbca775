"""Hamming embedding and HQE equal to the published program on small data: every stage, with its inputs as published."""

import json

import numpy as np
import pytest
from hamming_data import query_of, signatures

from reprise.codebooks import Codebook
from reprise.hamming import HammingEmbedding, HammingIndex, Signatures, centred, expand, search_expanded
from reprise.hamming.hqe import reliable_images, select_words
from reprise.hamming.settings import Expansion, Votes
from reprise.hamming.signatures import bits_of

QUERIES = range(3)


@pytest.fixture(scope="module")
def published(golden):
    return golden("hqe")


@pytest.fixture(scope="module")
def parameters(published):
    return json.loads(str(published["parameters"]))


@pytest.fixture(scope="module")
def votes(parameters):
    return Votes(threshold=int(parameters["ht"]), sigma=parameters["nbits"] / 4)


@pytest.fixture(scope="module")
def expansion(parameters):
    return Expansion(
        shortlist=int(parameters["top_n"]), strict=int(parameters["ht_strict"]),
        least=int(parameters["cor_thres"]), new_words=parameters["hqealpha"],
    )  # fmt: skip


@pytest.fixture(scope="module")
def embedding(published):
    return HammingEmbedding(published["projection"], published["medians"])


@pytest.fixture(scope="module")
def index(published):
    """The database with the published words and codes."""
    return HammingIndex.build(signatures(published, "database", published["database_counts"]), 24)


def rooted(values):
    roots = np.sqrt(values.astype(np.float32))
    return roots / np.linalg.norm(roots, axis=1, keepdims=True)


def test_words_and_codes_of_the_whole_way(published, embedding, parameters):
    train = rooted(published["train"])
    np.testing.assert_allclose(train.mean(axis=0), published["mean"], atol=1e-6)
    codebook = Codebook(published["codebook"])
    descriptors = centred(train, published["mean"])
    np.testing.assert_array_equal(codebook.assign(descriptors)[:, 0], published["train_words"])
    database = centred(rooted(published["database"]), published["mean"])
    words = codebook.assign(database)
    np.testing.assert_array_equal(words[:, 0], published["database_words"])
    found = embedding.encode(database, words, np.zeros(len(database), int))
    expected = signatures(published, "database", published["database_counts"])
    flipped = (bits_of(found.codes) != bits_of(expected.codes)).mean()
    assert flipped <= 1e-4
    queries = centred(rooted(published["queries"]), published["mean"])
    words = codebook.assign(queries, int(parameters["ma"]))
    for number in QUERIES:
        rows = slice(30 * number, 30 * number + 30)
        np.testing.assert_array_equal(words[rows], published[f"query{number}_words"])
        found = embedding.encode(queries[rows], words[rows], np.zeros(30, int))
        assert (bits_of(found.codes) != bits_of(query_of(published, number).codes)).mean() <= 1e-4


def test_medians(published, embedding):
    descriptors = centred(rooted(published["train"]), published["mean"])
    trained = HammingEmbedding.train(descriptors, published["train_words"].astype(int), 24, bits=64)
    # The projection is drawn by another generator; with the published one, the medians are those published.
    projected = descriptors.astype(np.float64) @ published["projection"].T
    for word in range(24):
        own = projected[published["train_words"] == word]
        np.testing.assert_allclose(np.median(own, axis=0), published["medians"][word], atol=1e-6)
    assert trained.medians.shape == published["medians"].shape
    np.testing.assert_allclose(trained.projection @ trained.projection.T, np.eye(64), atol=1e-12)


def test_weights(published, index, votes):
    np.testing.assert_allclose(index.idf, published["idf"], atol=1e-6)
    np.testing.assert_allclose(index.idf**2, published["list_weights"], atol=1e-6)
    np.testing.assert_allclose(index.norms, published["normalisation"], atol=1e-6)
    values = np.exp(-((np.arange(65) / votes.sigma) ** 2))
    np.testing.assert_allclose(values, published["score_of_distance"], atol=1e-6)


@pytest.mark.parametrize("number", QUERIES)
def test_matches(published, index, votes, number):
    found = index.matches(query_of(published, number), votes.threshold)
    table = np.stack([found.rows // 3, found.rows % 3, found.images, found.distances], axis=1)
    expected = published[f"query{number}_matches"]
    np.testing.assert_array_equal(table[np.lexsort(table.T)], expected[np.lexsort(expected.T)])


@pytest.mark.parametrize("number", QUERIES)
@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("he", {"idf": False, "burst": False}),
        ("he_burst", {"idf": False}),
        ("he_idf", {"burst": False}),
        ("he_idf_burst", {}),
    ],
)
def test_scores(published, index, votes, expansion, number, name, settings):
    weights = votes.model_copy(update={"normalise": False, **settings})
    scores, strong = index.scores(query_of(published, number), weights, strict=expansion.strict)
    np.testing.assert_allclose(scores[0], published[f"query{number}_{name}"], atol=1e-4)
    np.testing.assert_array_equal(strong[0], published[f"query{number}_strong"])


@pytest.mark.parametrize("number", QUERIES)
def test_expansion(published, index, votes, expansion, number):
    query, key = query_of(published, number), f"query{number}"
    reliable = reliable_images(index, query, votes, expansion)
    np.testing.assert_array_equal(reliable, published[f"{key}_reliable"])
    words, _, place = index.features(reliable)
    histogram = np.bincount(np.unique(np.stack([place, words]), axis=1)[1], minlength=24)
    np.testing.assert_array_equal(histogram, published[f"{key}_reliable_histogram"])
    selected = select_words(np.unique(query.words), words, place, 24, expansion.new_words)
    np.testing.assert_array_equal(selected, published[f"{key}_selected_words"])

    expanded = expand(index, query, votes, expansion)
    np.testing.assert_array_equal(expanded.signatures.words, published[f"{key}_expanded_words"])
    np.testing.assert_allclose(expanded.means, published[f"{key}_expanded_means"], atol=1e-6)
    np.testing.assert_array_equal(expanded.means == 0.5, published[f"{key}_expanded_ties"])
    np.testing.assert_array_equal(bits_of(expanded.signatures.codes), published[f"{key}_expanded_bits"])

    found = index.matches(expanded.signatures, votes.threshold)
    table = np.stack([found.rows, found.images], axis=1)
    expected = published[f"{key}_expanded_matches"]
    order, other = np.lexsort(table.T), np.lexsort(expected.T)
    np.testing.assert_array_equal(table[order], expected[other])
    weights = index.idf[expanded.signatures.words[found.rows]] ** 2
    similarities = np.exp(-((found.distances / votes.sigma) ** 2)) * weights
    pairs = np.lexsort((similarities, *table.T)), np.lexsort((published[f"{key}_expanded_similarities"], *expected.T))
    np.testing.assert_allclose(similarities[pairs[0]], published[f"{key}_expanded_similarities"][pairs[1]], atol=1e-4)


def test_rankings_of_expanded_queries(published, index, votes, expansion):
    parts = [query_of(published, number) for number in QUERIES]
    queries = Signatures(
        np.concatenate([part.words for part in parts]), np.concatenate([part.codes for part in parts]),
        np.repeat(np.arange(3), [len(part) for part in parts]),
    )  # fmt: skip
    ranked = search_expanded(index, queries, votes, expansion)
    for number in QUERIES:
        np.testing.assert_array_equal(ranked.ranks[number], published[f"query{number}_ranks"])
        scores = published[f"query{number}_scores"][ranked.ranks[number]]
        np.testing.assert_allclose(ranked.scores[number], scores, atol=1e-4)
