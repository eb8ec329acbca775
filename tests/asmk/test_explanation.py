"""What visual words and local features give of a score sums up to the score that the ranking holds."""

import json

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook, InvertedFile, aggregate, assigned_within, explain, words_of_images
from reprise.storage.errors import DataError


def pairs(arrays, params, count=3):
    """Queries, and the images at the head of their published rankings: row, image, and the descriptors of both."""
    for row, query in enumerate(np.unique(arrays["query_image_ids"])):
        asked = arrays["queries"][arrays["query_image_ids"] == query]
        for place, image in enumerate(arrays["ranks"][row, :count].tolist()):
            yield arrays["scores"][row, place], image, asked, arrays["db"][arrays["db_image_ids"] == image]


@pytest.mark.parametrize(
    "name", ["asmk_binary", "asmk_binary_dim100", "asmk_binary_idf", "asmk_binary_threshold", "asmk_real"]
)
def test_contributions_sum_up_to_the_published_score(golden, name):
    arrays = golden(name)
    params = json.loads(str(arrays["params"]))
    keys = ("binary", "idf", "database_assignments", "query_assignments", "alpha", "threshold")
    settings = {key: params[key.replace("database", "db")] for key in keys}
    asmk = ASMK(Codebook(arrays["centroids"]), **settings).index(arrays["db"], arrays["db_image_ids"])
    kernel = {key: settings[key] for key in ("alpha", "threshold", "query_assignments", "database_assignments")}
    explained = 0
    for score, image, asked, found in pairs(arrays, params):
        told = explain(asmk.inverted_file, asmk.codebook, image, asked, found, **kernel)
        if settings["binary"]:
            assert told.score == score
        assert told.score == pytest.approx(score, abs=1e-6)
        assert (np.diff(told.contributions) <= 0).all() and len(np.unique(told.words)) == len(told.words)
        for shares in (told.query, told.image):
            assert told.contributions.sum() == pytest.approx(told.score, rel=1e-9)
            np.testing.assert_allclose(
                np.bincount(shares.words, shares.contributions, len(told.words)), told.contributions, rtol=1e-9
            )
        explained += len(told.words)
    assert explained > 20


def planted():
    """Two words of four dimensions, and the index of two images."""
    codebook = Codebook(np.array([[0, 0, 0, 0], [10, 10, 10, 10]], np.float32))
    database = np.array([[1, 1, -1, 1], [11, 9, 11, 9], [9, 9, 9, 9]], np.float32)
    ids = np.array([0, 0, 1])
    parts = aggregate(database, codebook.assign(database), ids, codebook)
    return codebook, database, ids, InvertedFile.build(parts, 2)


def test_a_feature_gives_what_points_to_the_other_image():
    codebook, database, ids, index = planted()
    # The first two share the word of the image: one in its direction, one against it; the third has the other word.
    query = np.array([[2, 2, -2, 2], [-1, -1, 1, -1], [11, 9, 11, 9]], np.float32)
    told = explain(index, codebook, 0, query, database[ids == 0], query_assignments=1)
    assert sorted(told.words.tolist()) == [0, 1]
    shares = dict(zip(told.query.features.tolist(), told.query.contributions.tolist(), strict=True))
    assert shares[1] == 0 and shares[0] == pytest.approx(told.contributions[told.words == 0].item())
    assert shares[2] == pytest.approx(told.contributions[told.words == 1].item())


def test_words_are_found_again_without_the_whole_codebook(golden):
    arrays = golden("asmk_binary")
    codebook = Codebook(arrays["centroids"])
    asmk = ASMK(codebook).index(arrays["db"], arrays["db_image_ids"])
    images = np.unique(arrays["db_image_ids"])[[3, 1, 2]]
    found = words_of_images(asmk.inverted_file, images)
    assert sorted(found) == sorted(images.tolist())
    for image, words in found.items():
        descriptors = arrays["db"][arrays["db_image_ids"] == image]
        expected = codebook.assign(descriptors, 1)
        np.testing.assert_array_equal(words, np.unique(expected))
        np.testing.assert_array_equal(assigned_within(codebook, descriptors, words), expected)


def test_images_without_a_common_word_have_nothing_to_explain():
    codebook, database, ids, index = planted()
    told = explain(index, codebook, 1, np.ones((1, 4), np.float32), database[ids == 1], query_assignments=1)
    assert told.score == 0 and len(told.words) == len(told.query.features) == len(told.image.features) == 0
    assert words_of_images(index, []) == {}
    assert assigned_within(codebook, database, np.zeros(0, int)).shape == (3, 0)


def test_what_does_not_fit_is_refused():
    codebook, database, _, index = planted()
    with pytest.raises(DataError, match="image_id: is 2"):
        explain(index, codebook, 2, database, database)
    with pytest.raises(DataError, match="codebook: has 1 words, the index 2"):
        explain(index, Codebook(codebook.centroids[:1]), 0, database, database)
