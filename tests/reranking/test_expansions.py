"""Query expansion in the searches of ASMK, Hamming embedding and global descriptors: the same as their parts."""

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook
from reprise.datasets.images import Dataset, ImageList
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.rankings import RankedList, Ranking, read_ranking
from reprise.formats.regions import RegionFile
from reprise.geometry import frames_from_scales
from reprise.geometry.back_projection import select_features
from reprise.geometry.tentatives import Words, word_tentatives
from reprise.geometry.verification import Regions, verify_images
from reprise.hamming import HammingEmbedding, HammingIndex, search_expanded
from reprise.hamming.settings import Expansion, Votes
from reprise.neighbors.query_expansion import expand_queries
from reprise.reranking import affine_words, expand_asmk, expand_global, expand_hamming
from reprise.reranking.candidates import Candidates
from reprise.reranking.expansions import EXPANSIONS, expansion_settings
from reprise.reranking.verified_features import VerifiedImages
from reprise.storage.errors import DataError

#: Of 40 features, the strongest 30 are used. Images 0 and 2 show query 0, image 1 shows query 1, image 3 nothing.
FEATURES, USED, WORDS, DIM = 40, 30, 64, 64
SHOWS = (0, 1, 0, None)
BOXES = [(0.0, 0.0, 60.0, 100.0), None]
SELECTION = {"images": 3, "least": 6, "scale_ratio": 2.0}
EVERY_WORD = Votes(threshold=64)


def scene(random):
    descriptors = random.standard_normal((FEATURES, DIM), np.float32)
    descriptors /= np.linalg.norm(descriptors, axis=1, keepdims=True)
    points, scales = random.uniform(0, 100, (FEATURES, 2)).astype("f4"), np.full(FEATURES, 5, "f4")
    return LocalFeatures(descriptors, random.uniform(1, 2, FEATURES).astype("f4"), points, scales)


def view(random, scene):
    """The scene, moved and enlarged, with a few features of its own."""
    own, changed = scene.descriptors.copy(), random.permutation(FEATURES)[:6]
    own[changed] = random.standard_normal((6, DIM), np.float32)
    own /= np.linalg.norm(own, axis=1, keepdims=True)
    return LocalFeatures(own, scene.scores, scene.keypoints * 1.5 + 20, scene.scales * 1.5)


def write(path, images, name, dim, **options):
    with feature_writer(path, dim, {}, **options) as writer:
        for number, one in enumerate(images):
            writer.append(f"{name}{number}", one)


@pytest.fixture(scope="module")
def given(tmp_path_factory):
    """Files of features, of regions and of a codebook, and a ranking of four images for two queries."""
    random, folder = np.random.default_rng(0), tmp_path_factory.mktemp("expansions")
    scenes = [scene(random) for _ in range(2)]
    images = [scene(random) if shown is None else view(random, scenes[shown]) for shown in SHOWS]
    for name, features in (("queries", scenes), ("database", images)):
        write(folder / f"{name}.h5", features, name, DIM)
    stacked = np.concatenate([image.descriptors for image in images])
    codebook = Codebook.train(stacked, WORDS)
    codebook.save(folder / "codebook.h5")
    for name in ("queries", "database"):
        affine_words.project(
            folder / f"{name}.h5", folder / f"{name}_regions.h5", role=name, codebook=folder / "codebook.h5",
            num_features=USED, scales="sizes", attributes={},
        )  # fmt: skip
    ranks = np.tile(np.arange(len(SHOWS), dtype=np.int32), (2, 1))
    return folder, codebook, RankedList(ranks, np.tile(np.linspace(1, 0, len(SHOWS)), (2, 1)))


def paths(folder, suffix=""):
    return {name: folder / f"{name}{suffix}.h5" for name in ("queries", "database")}


def regions(folder):
    return VerifiedImages(*map(RegionFile, paths(folder, "_regions").values()), BOXES)


def used(folder, name):
    """Descriptors, keypoints, scales and image ids of the features that are used."""
    with open_features(folder / f"{name}.h5") as file:
        rows, block = file.rows(USED), file.block(0, len(file))
        return block.descriptors[rows], block.keypoints[rows], block.scales[rows], rows // FEATURES


def candidates(ranked):
    names = ([f"database{i}" for i in range(len(SHOWS))], [f"queries{i}" for i in range(2)])
    lists = ImageList(names[0], [None] * len(SHOWS)), ImageList(names[1], [None] * 2, BOXES)
    ranking = Ranking(names[1], names[0], {"easy": ranked, "hard": RankedList(ranked.ranks[:, ::-1], ranked.scores)})
    return Candidates(ranking, Dataset(*lists, [{"easy": [], "hard": []}] * 2, "revisited"))


def expected_selection(folder, codebook, query):
    """The rows, among the used features of the database, that a query is expanded by, and their images."""
    parts = [used(folder, name) for name in ("queries", "database")]
    own = parts[0][3] == query
    offsets = np.cumsum([0, *np.bincount(parts[1][3])])
    asked, words = codebook.assign(parts[0][0][own])[:, 0], codebook.assign(parts[1][0])[:, 0]
    frames = [frames_from_scales(part[2]) for part in parts]
    database, first = Regions(parts[1][1], frames[1], offsets), np.arange(SELECTION["images"])
    pairs = word_tentatives(Words.of(asked), Words.of(words, offsets), first)
    queried = Regions(parts[0][1][own], frames[0][own])
    found = verify_images(queried, database, pairs, first, scale_ratio=2.0)
    return select_features(queried, BOXES[query], database, first, found, least=SELECTION["least"], most=3)


def test_the_features_of_verified_images_are_found(given):
    folder, codebook, ranked = given
    for query, found in enumerate(regions(folder).features(ranked, **SELECTION)):
        expected = expected_selection(folder, codebook, query)
        assert sorted(found.selected.images) == [image for image in range(3) if SHOWS[image] == query]
        for key in ("images", "rows", "image_of"):
            np.testing.assert_array_equal(getattr(found.selected, key), getattr(expected, key))
        np.testing.assert_array_equal(found.words, codebook.assign(used(folder, "database")[0])[expected.rows, 0])
    assert 0 < len(expected_selection(folder, codebook, 0).rows) < 2 * USED  # those outside of the box are left out


def test_rows_that_are_padded_are_verified_as_far_as_they_go(given):
    folder, _, ranked = given
    padded = RankedList(np.where(ranked.ranks < 2, ranked.ranks, -1), ranked.scores)
    first, second = regions(folder).features(padded, **SELECTION)
    assert (first.selected.images.tolist(), second.selected.images.tolist()) == ([0], [1])


def test_asmk_aggregates_the_query_with_the_selected_features(given, tmp_path):
    folder, codebook, ranked = given
    descriptors, _, _, image_ids = used(folder, "database")
    engine = ASMK(codebook, query_assignments=2).index(descriptors, image_ids)
    engine.inverted_file.save(tmp_path / "index")
    expand_asmk.expand_files(
        candidates(ranked), tmp_path / "index", folder / "codebook.h5", paths(folder), paths(folder, "_regions"),
        tmp_path / "ranking.h5", num_features=20, region_features=USED, query_assignments=2, binary=True, alpha=3.0,
        threshold=0.0, settings=SELECTION, attributes={"recipe": "{}"},
    )  # fmt: skip
    result = read_ranking(tmp_path / "ranking.h5")
    assert list(result.lists) == ["easy", "hard"] and result.reranked is None
    parts, query_of = [], []
    with open_features(folder / "queries.h5") as queries:
        for query in (0, 1):
            added = descriptors[expected_selection(folder, codebook, query).rows]
            parts += [queries.read_rows(query, query + 1, 20)[0], added]
            query_of += [query] * (20 + len(added))
    expected = engine.search(np.concatenate(parts), np.array(query_of))
    np.testing.assert_array_equal(result.lists["easy"].ranks, expected.ranks)
    np.testing.assert_allclose(result.lists["easy"].scores, expected.scores, rtol=1e-6)
    assert not np.allclose(expected.scores, engine.search(*used(folder, "queries")[::3]).scores)


def test_hamming_merges_the_signatures_of_the_selected_features(given, tmp_path):
    folder, codebook, ranked = given
    descriptors, _, _, image_ids = used(folder, "database")
    words = codebook.assign(descriptors)[:, 0]
    embedding = HammingEmbedding.train(descriptors, words, WORDS, bits=64)
    embedding.save(tmp_path / "embedding.h5")
    index = HammingIndex.build(embedding.encode(descriptors, words, image_ids), WORDS)
    index.save(tmp_path / "index")
    files = (folder / "codebook.h5", tmp_path / "embedding.h5", folder / "queries.h5", paths(folder, "_regions"))
    shared = {"query_assignments": 2, "votes": EVERY_WORD.model_dump(), "attributes": {"recipe": "{}"}}
    expand_hamming.expand_files(
        candidates(ranked), tmp_path / "index", *files, tmp_path / "ranking.h5", num_features=USED,
        settings={**SELECTION, "new_words": 0.2}, **shared,
    )  # fmt: skip
    asked, _, _, query_ids = used(folder, "queries")
    verified = {query: expected_selection(folder, codebook, query) for query in (0, 1)}
    signatures = embedding.encode(asked, codebook.assign(asked, 2), query_ids)
    expected = search_expanded(index, signatures, EVERY_WORD, Expansion(new_words=0.2), verified=verified)
    result = read_ranking(tmp_path / "ranking.h5").lists["easy"]
    np.testing.assert_array_equal(result.ranks, expected.ranks)
    np.testing.assert_allclose(result.scores, expected.scores)
    few = HammingIndex.build(embedding.encode(descriptors[1:], words[1:], image_ids[1:]), WORDS)
    few.save(tmp_path / "few")
    with pytest.raises(DataError, match="the same num_features"):
        expand_hamming.expand_files(
            candidates(ranked), tmp_path / "few", *files, tmp_path / "r.h5", num_features=USED, settings={}, **shared
        )


def test_global_descriptors_are_averaged_by_their_similarities(tmp_path):
    random = np.random.default_rng(1)
    vectors = {name: random.standard_normal((count, 8)) for name, count in (("queries", 2), ("database", 4))}
    for name, values in vectors.items():
        values /= np.linalg.norm(values, axis=1, keepdims=True)
        nothing = tuple(np.zeros(shape, "f4") for shape in ((0, 8), 0, (0, 2), 0))
        images = [LocalFeatures(*nothing, global_descriptors={"mean": row.astype("f4")}) for row in values]
        write(tmp_path / f"{name}.h5", images, name, 8, global_dims={"mean": 8})
    ranks = np.array([[2, 0, 1, 3], [3, 1, -1, -1]])
    # Scores of another step, such as inliers, are no similarities, and have no part in it.
    ranked = RankedList(ranks, np.array([[40.0, 30, 2, 1], [9, 8, 0, 0]]))
    files = tmp_path / "queries.h5", [tmp_path / "database.h5"], tmp_path / "ranking.h5"
    settings = {"descriptor": "mean", "images": 3, "alpha": 3.0, "device": "cpu", "attributes": {"recipe": "{}"}}
    expand_global.expand_files(candidates(ranked), *files, **settings)
    result = read_ranking(files[2]).lists["easy"]
    similarities = np.take_along_axis(vectors["queries"] @ vectors["database"].T, np.maximum(ranks, 0), axis=1)[:, :3]
    means = expand_queries(vectors["queries"], vectors["database"], ranks[:, :3], similarities, alpha=3.0)
    scores = means @ vectors["database"].T
    np.testing.assert_array_equal(result.ranks, np.argsort(-scores, axis=1))
    np.testing.assert_allclose(result.scores, -np.sort(-scores, axis=1), atol=1e-6)
    with pytest.raises(DataError, match=r"queries\.h5: has the descriptors of 2 images, the ranking is of 4"):
        expand_global.expand_files(candidates(ranked), files[0], [files[0]], files[2], **settings)


def test_every_search_of_images_has_an_expansion():
    assert EXPANSIONS.names() == ("asmk", "bow", "global", "hamming")
    with pytest.raises(DataError, match="queries of the search 'patches' cannot be expanded"):
        expansion_settings("patches")
