"""More images than are scanned and ranked at a time."""

from contextlib import suppress

import numpy as np
import pytest

from reprise.asmk import Aggregated, InvertedFile
from reprise.storage.errors import DataError

N = 300_000


@pytest.fixture(scope="module", params=[True, False], ids=["binary", "real"])
def many(request):
    """Sparse postings of two words among many images, an index, and one query of both words."""
    random = np.random.default_rng(0)
    image_ids = np.repeat(np.sort(random.choice(N, 20_000, replace=False)), 2)
    if request.param:
        vectors = random.integers(0, 2**32, (len(image_ids), 4), dtype=np.uint32)
    else:
        vectors = random.standard_normal((len(image_ids), 5)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    database = Aggregated(vectors, np.tile([0, 1], 20_000), image_ids)
    query = Aggregated(vectors[100:102], np.array([0, 1]), np.array([0, 0]))
    return database, query, InvertedFile.build(database, 2, n_images=N)


def test_scores(many):
    database, query, index = many
    similarities = np.empty(len(database))
    for word in (0, 1):
        rows = database.words == word
        if index.binary:
            distances = np.bitwise_count(database.vectors[rows] ^ query.vectors[word]).sum(axis=1)
            similarities[rows] = 1 - distances / 64
        else:
            similarities[rows] = database.vectors[rows].astype(float) @ query.vectors[word]
    expected = np.zeros(N)
    np.add.at(expected, database.image_ids, np.maximum(similarities, 0) ** 3 / 2)
    for threads in (1, 2, 3):
        np.testing.assert_allclose(index.scores(query, threads=threads)[0], expected, atol=1e-6)


def test_ranks(many):
    _, query, index = many
    scores = index.scores(query)[0]
    order = np.argsort(-scores, kind="stable")
    for topk in (1, 10, 5000, 30_000, None):
        rankings = index.search(query, topk=topk)
        np.testing.assert_array_equal(rankings.ranks[0], order[:topk])
        np.testing.assert_array_equal(rankings.scores[0], scores[order[:topk]])


@pytest.mark.parametrize("place", [0, 10_000, 19_999])
@pytest.mark.parametrize("image", [0, 150_000, N, 2**32 - 1])
def test_damaged_lists_are_not_followed(many, place, image):
    """Whatever a damaged list names, nothing is written outside; what is out of order is for check to find."""
    _, query, index = many
    ids = index.image_ids.copy()
    ids[place] = image
    damaged = InvertedFile(index.offsets, ids, index.vectors, index.norms)
    for threads in (1, 2):
        if image >= N:
            with pytest.raises(DataError, match="images that do not exist"):
                damaged.search(query, topk=1, threads=threads)
        else:
            with suppress(DataError):
                damaged.search(query, topk=1, threads=threads)
    with pytest.raises(DataError):
        damaged.check()
