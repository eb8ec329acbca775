"""Conformance with the outputs of the published implementation."""

import json

import numpy as np
import pytest

from reprise.asmk import ASMK, Aggregated, Codebook, InvertedFile, aggregate

ARCHIVES = [
    "asmk_binary",
    "asmk_binary_dim100",
    "asmk_binary_idf",
    "asmk_binary_threshold",
    "asmk_real",
    "asmk_real_idf_topk",
]


def assert_same_rankings(rankings, ranks, scores, tolerance=1e-6):
    """Equal scores in every place, and the same images wherever the score is no tie."""
    np.testing.assert_allclose(rankings.scores, scores, atol=tolerance)
    for got, want, row in zip(rankings.ranks, ranks, scores, strict=True):
        alone = np.array([np.count_nonzero(np.abs(row - score) <= tolerance) == 1 for score in row])
        alone[-1] = False  # may be tied with the first one that topk cut off
        np.testing.assert_array_equal(got[alone], want[alone])


@pytest.mark.parametrize("name", ARCHIVES)
def test_every_stage(golden, name):
    arrays = golden(name)
    params = json.loads(str(arrays["params"]))
    codebook = Codebook(arrays["centroids"])
    words = codebook.assign(arrays["db"], params["db_assignments"])
    np.testing.assert_array_equal(words, arrays["db_words"])

    aggregated = aggregate(arrays["db"], words, arrays["db_image_ids"], codebook, binary=params["binary"])
    np.testing.assert_array_equal(aggregated.words, arrays["agg_words"])
    np.testing.assert_array_equal(aggregated.image_ids, arrays["agg_image_ids"])
    if params["binary"]:
        np.testing.assert_array_equal(aggregated.vectors, arrays["agg_vectors"])
    else:
        np.testing.assert_allclose(aggregated.vectors, arrays["agg_vectors"], atol=1e-6)

    asmk = ASMK(
        codebook,
        binary=params["binary"],
        idf=params["idf"],
        database_assignments=params["db_assignments"],
        query_assignments=params["query_assignments"],
        alpha=params["alpha"],
        threshold=params["threshold"],
    ).index(arrays["db"], arrays["db_image_ids"])
    np.testing.assert_array_equal(asmk.inverted_file.norms, arrays["norm_factor"])
    np.testing.assert_array_equal(asmk.inverted_file.idf, arrays["idf"])
    rankings = asmk.search(arrays["queries"], arrays["query_image_ids"], topk=params["topk"])
    np.testing.assert_array_equal(rankings.query_ids, np.unique(arrays["query_image_ids"]))
    assert_same_rankings(rankings, arrays["ranks"], arrays["scores"])
    if params["binary"]:
        np.testing.assert_array_equal(rankings.scores, arrays["scores"])


@pytest.fixture(scope="module")
def drawn():
    """Descriptors from NumPy's legacy generator with seed 7, on which the published code printed the numbers below."""
    random = np.random.RandomState(7)
    train, database, noise = (random.randn(n, 40).astype(np.float32) for n in (1200, 600, 60))
    sources = np.concatenate([database[20 * image : 20 * image + 20] for image in (5, 12, 19)])
    queries = sources + np.float32(0.3) * noise
    codebook = Codebook.train(train, 16, iterations=10)
    return codebook, database, np.repeat(np.arange(30), 20), queries, np.repeat(np.arange(3), 20)


def test_trained_codebook(drawn):
    codebook, database = drawn[:2]
    np.testing.assert_allclose(codebook.centroids[0, :4], [-0.458797, 0.413643, -0.099904, -0.260366], atol=1e-6)
    assert codebook.centroids.sum() == pytest.approx(-1.165794, abs=1e-4)
    assert np.abs(codebook.centroids).sum() == pytest.approx(186.966433, abs=1e-4)
    expected = [(11, 13, 7), (7, 15, 2), (12, 0, 5), (0, 5, 11), (7, 9, 13)]
    np.testing.assert_array_equal(codebook.assign(database[:5], 3), expected)


def test_first_posting(drawn):
    codebook, database, image_ids, _, _ = drawn
    index = ASMK(codebook).index(database, image_ids).inverted_file
    np.testing.assert_array_equal(
        np.diff(index.offsets), [26, 18, 15, 24, 19, 25, 22, 22, 9, 18, 21, 26, 26, 19, 22, 24]
    )
    np.testing.assert_array_equal(index.norms[:10], [11, 11, 12, 11, 13, 14, 12, 10, 10, 9])
    assert index.image_ids[0] == 0
    np.testing.assert_array_equal(index.vectors[0], [0x21E6F3DF, 0x0F000000])


@pytest.mark.parametrize(
    ("options", "ranks", "scores"),
    [
        (
            {},
            [[5, 3, 16, 15, 28], [12, 16, 6, 4, 20], [19, 16, 8, 25, 4]],
            [
                [0.289140, 0.082141, 0.081077, 0.076261, 0.066933],
                [0.273765, 0.095889, 0.089405, 0.081447, 0.077385],
                [0.250779, 0.089708, 0.089173, 0.080373, 0.072740],
            ],
        ),
        (
            {"binary": False},
            [[5, 15, 3, 19, 16], [12, 11, 4, 18, 17], [19, 25, 18, 8, 0]],
            [
                [0.258978, 0.009910, 0.008329, 0.007255, 0.006010],
                [0.258206, 0.009058, 0.008338, 0.008172, 0.007731],
                [0.248434, 0.015977, 0.009280, 0.007987, 0.007919],
            ],
        ),
        (
            {"idf": True},
            [[5, 2, 16, 22, 3], [12, 4, 14, 18, 20], [19, 26, 8, 4, 17]],
            [
                [0.240908, 0.101906, 0.067169, 0.059139, 0.058075],
                [0.217554, 0.095102, 0.095101, 0.091814, 0.082168],
                [0.216227, 0.103508, 0.079989, 0.076732, 0.075627],
            ],
        ),
        (
            {"database_assignments": 2, "threshold": 0.25, "alpha": 2.0},
            [[5, 22, 16, 24, 4], [12, 2, 26, 19, 6], [19, 27, 26, 16, 15]],
            [
                [0.483887, 0.183228, 0.181168, 0.176755, 0.175810],
                [0.536682, 0.199402, 0.191833, 0.189489, 0.186463],
                [0.468112, 0.199206, 0.193176, 0.192767, 0.182618],
            ],
        ),
    ],
)
def test_printed_rankings(drawn, options, ranks, scores):
    codebook, database, image_ids, queries, query_ids = drawn
    asmk = ASMK(codebook, query_assignments=3, **options).index(database, image_ids)
    rankings = asmk.search(queries, query_ids, topk=5)
    np.testing.assert_allclose(rankings.scores, scores, atol=1e-6)
    np.testing.assert_array_equal(rankings.ranks, ranks)


def test_printed_idf(drawn):
    codebook, database, image_ids, _, _ = drawn
    idf = ASMK(codebook, idf=True).index(database, image_ids).inverted_file.idf
    np.testing.assert_allclose(idf[:6], [0.020478, 0.260943, 0.480453, 0.049793, 0.208628, 0.033241], atol=1e-6)


def test_sets_in_a_row_weigh_like_one_set(drawn):
    codebook, database, image_ids, _, _ = drawn
    parts = []
    for images in (range(3), range(3, 4)):
        rows = np.isin(image_ids, images)
        parts.append(aggregate(database[rows], codebook.assign(database[rows]), image_ids[rows], codebook))
    index = InvertedFile.build(parts, 16, idf=True)
    assert index.idf[1] == pytest.approx(0.480453, abs=1e-6)
    whole = Aggregated(*(np.concatenate([getattr(p, k) for p in parts]) for k in ("vectors", "words", "image_ids")))
    np.testing.assert_array_equal(index.norms, InvertedFile.build(whole, 16, idf=True).norms)


@pytest.mark.parametrize(
    ("ones", "words"),
    [({0: 1.0, 33: 1.0}, [0x80000000, 0x40000000]), (dict.fromkeys(range(32), 0.5), [0xFFFFFFFF, 0]), ({}, [0, 0])],
)
def test_packing(ones, words):
    vector = np.zeros((1, 40), np.float32)
    for dimension, value in ones.items():
        vector[0, dimension] = value
    packed = aggregate(vector, np.zeros((1, 1), int), np.zeros(1, int), Codebook(np.zeros((1, 40))))
    np.testing.assert_array_equal(packed.vectors, [words])
