"""Average query expansion as a step: the same as its parts, one query at a time."""

import numpy as np
import pytest

from reprise.bow import BagOfWords, mean_vectors
from reprise.datasets.images import Dataset, ImageList
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking
from reprise.formats.regions import RegionFile, StoredRegions, write_regions
from reprise.geometry.back_projection import select_features
from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.reranking.candidates import Candidates
from reprise.reranking.expand_bow import expand_files, expanded
from reprise.reranking.verified_features import VerifiedImages
from reprise.storage.errors import DataError

WORDS, FEATURES = 60, 30
#: The query that each image shows; image 4 shows query 0, too, but in a part that no feature of the query is in.
SHOWS = (0, 1, None, 0, None, 1)
BOXES = [(0.0, 0.0, 60.0, 100.0), None]


def stored(parts):
    words, keypoints, frames = (np.concatenate(column) for column in zip(*parts, strict=True))
    offsets = np.cumsum([0, *(len(part[0]) for part in parts)])
    return StoredRegions(words.astype("u4"), keypoints.astype("f4"), frames.astype("f4"), offsets)


def scene(random):
    keypoints = random.uniform(0, 100, (FEATURES, 2))
    return random.permutation(WORDS)[:FEATURES], keypoints, np.tile(np.eye(2) * 5, (FEATURES, 1, 1))


def view(random, query):
    """The query, moved, with some words of its own."""
    words = query[0].copy()
    words[:6] = random.integers(0, WORDS, 6)
    return words, query[1] * 1.5 + 20 + random.normal(0, 0.3, query[1].shape), query[2] * 1.5


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Files of regions of queries and database, the index, and a ranking."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("expansion")
    whole = [scene(random) for _ in range(2)]
    inside = whole[0][1][:, 0] <= BOXES[0][2]
    queries = [tuple(part[inside] for part in whole[0]), whole[1]]
    images = [scene(random) if shown is None else view(random, whole[shown]) for shown in SHOWS]
    parts = {"queries": stored(queries), "database": stored(images)}
    for name, part in parts.items():
        write_regions(folder / f"{name}.h5", part, n_words=WORDS, codebook="same", names=None, attributes={})
    ids = np.repeat(np.arange(len(SHOWS)), FEATURES)
    index = BagOfWords.build(parts["database"].words, ids, WORDS)
    index.save(folder / "index")
    ranks = np.tile(np.arange(len(SHOWS), dtype=np.int32), (2, 1))
    return folder, parts, index, RankedList(ranks, np.tile(np.linspace(1, 0, len(SHOWS)), (2, 1)))


def regions(folder):
    return VerifiedImages(RegionFile(folder / "queries.h5"), RegionFile(folder / "database.h5"), BOXES)


def test_the_step_is_its_parts(given):
    folder, parts, index, ranked = given
    result = expanded(ranked, index, regions(folder), images=5, least=8, scale_ratio=2.0)
    database = Regions(parts["database"].keypoints, parts["database"].frames, parts["database"].offsets)
    words = Words.of(parts["database"].words, parts["database"].offsets)
    for query in (0, 1):
        rows = slice(*parts["queries"].offsets[query : query + 2])
        own = Regions(parts["queries"].keypoints[rows], parts["queries"].frames[rows])
        own_words = parts["queries"].words[rows].astype(int)
        images = np.arange(5)
        pairs = word_tentatives(Words.of(own_words), words, images)
        found = verify_images(own, database, pairs, images, scale_ratio=2.0)
        chosen = select_features(own, BOXES[query], database, images, found, least=8)
        assert set(chosen.images) == {image for image in range(5) if SHOWS[image] == query}
        if query == 0:
            assert 0 < len(chosen.rows) < 2 * FEATURES  # those outside of the box are left out
        vector = index.vectors(own_words, np.zeros(len(own_words), int))
        added = index.vectors(parts["database"].words[chosen.rows].astype(int), chosen.image_of, len(chosen.images))
        mean = mean_vectors(vector, added, np.zeros(len(chosen.images), int))
        expected = index.search(mean)
        np.testing.assert_array_equal(result.ranks[query], expected.ranks[0])
        np.testing.assert_allclose(result.scores[query], expected.scores[0], atol=1e-12)


def test_queries_without_verified_images_are_searched_as_they_are(given):
    folder, parts, index, ranked = given
    result = expanded(ranked, index, regions(folder), least=1000)
    ids = np.repeat([0, 1], np.diff(parts["queries"].offsets))
    expected = index.search(index.vectors(parts["queries"].words.astype(int), ids))
    np.testing.assert_array_equal(result.ranks, expected.ranks)


def candidates(ranked, queries=2):
    names = [f"d{number}" for number in range(len(SHOWS))]
    asked = [f"q{number}" for number in range(queries)]
    lists = ImageList(names, [None] * len(names)), ImageList(asked, [None] * queries, BOXES)
    ranking = Ranking(asked, names, {"easy": ranked, "hard": RankedList(ranked.ranks[:, ::-1], ranked.scores)})
    return Candidates(ranking, Dataset(*lists, [{"easy": [], "hard": []}] * queries, "revisited"))


def test_files(given, tmp_path):
    folder, _, index, ranked = given
    paths = (folder / "index", folder / "queries.h5", folder / "database.h5", tmp_path / "ranking.h5")
    settings = {"images": 6, "least": 8, "mean": "normalised", "tentatives": 600, "most": 10}
    expand_files(candidates(ranked), *paths, settings=settings, attributes={"recipe": "{}"})
    result = read_ranking(tmp_path / "ranking.h5")
    assert list(result.lists) == ["easy", "hard"] and result.reranked is None and ALL not in result.lists
    expected = expanded(ranked, index, regions(folder), images=6, least=8, mean="normalised")
    np.testing.assert_array_equal(result.lists["easy"].ranks, expected.ranks)


def test_files_that_do_not_fit_are_refused(given, tmp_path):
    folder, parts, _, ranked = given
    paths = {"index": folder / "index", "queries": folder / "queries.h5", "database": folder / "database.h5"}

    def run(**changes):
        expand_files(candidates(ranked), **{**paths, **changes}, output=tmp_path / "r.h5", settings={}, attributes={})

    with pytest.raises(DataError, match="has 6 queries, the rankings are of 2"):
        run(queries=paths["database"])
    write_regions(tmp_path / "o.h5", parts["database"], n_words=WORDS, codebook="other", names=None, attributes={})
    with pytest.raises(DataError, match="with another codebook"):
        run(database=tmp_path / "o.h5")
    BagOfWords.build([0], [0], WORDS).save(tmp_path / "small")
    with pytest.raises(DataError, match="has 6 images, the index 1"):
        run(index=tmp_path / "small")
