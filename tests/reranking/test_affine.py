"""Re-ranking by spatial verification: the counts of pairs, the order of short lists, and what is refused."""

import numpy as np
import pytest

from reprise.codebooks import Codebook
from reprise.datasets.images import Dataset, ImageList
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking
from reprise.formats.regions import RegionFile
from reprise.geometry import frames_from_scales, verify_affine
from reprise.geometry.tentatives import Words, nearest_tentatives, word_tentatives
from reprise.reranking import affine, affine_words
from reprise.reranking.candidates import Candidates
from reprise.reranking.matched_points import open_verifier
from reprise.reranking.steps import rerank_files, score_pairs
from reprise.storage.errors import DataError

DIM, FEATURES = 16, 30
#: Of each database image: the query that it shows, or None.
SHOWS = (0, None, 1, 0, None, 1, None, 0)


def image(random, n=FEATURES):
    descriptors = random.standard_normal((n, DIM)).astype(np.float32)
    frames = frames_from_scales(random.uniform(4, 12, n)) @ (np.eye(2) + random.uniform(-0.2, 0.2, (n, 2, 2)))
    return LocalFeatures(
        descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True),
        random.uniform(0, 1, n).astype(np.float32),
        random.uniform(0, 200, (n, 2)).astype(np.float32),
        np.sqrt(np.linalg.det(frames)).astype(np.float32),
        affine=frames.astype(np.float32),
    )


def view(random, query):
    """Another image with most of the features of a query, moved and changed a little."""
    scale, shift = random.uniform(0.7, 1.4), random.uniform(-20, 20, 2)
    keep = np.sort(random.choice(FEATURES, 20, replace=False))
    other = image(random)
    noisy = query.descriptors[keep] + random.normal(0, 0.02, (20, DIM)).astype(np.float32)
    order = random.permutation(FEATURES)
    parts = (
        np.concatenate([noisy / np.linalg.norm(noisy, axis=1, keepdims=True), other.descriptors[20:]]),
        np.concatenate([query.scores[keep], other.scores[20:]]),
        np.concatenate([query.keypoints[keep] * scale + shift, other.keypoints[20:]]),
        np.concatenate([query.scales[keep] * scale, other.scales[20:]]),
        np.concatenate([query.affine[keep] * scale, other.affine[20:]]),
    )
    descriptors, scores, keypoints, scales, frames = (part[order].astype(np.float32) for part in parts)
    return LocalFeatures(descriptors, scores, keypoints, scales, affine=frames)


def write(path, images, *, with_affine=True, letter="d"):
    with feature_writer(path, DIM, {}, affine=with_affine) as writer:
        for number, one in enumerate(images):
            shape = one.affine if with_affine else None
            kept = LocalFeatures(one.descriptors, one.scores, one.keypoints, one.scales, affine=shape)
            writer.append(f"{letter}{number}", kept)
    return path


@pytest.fixture(scope="module")
def images():
    random = np.random.default_rng(0)
    queries = [image(random) for _ in range(2)]
    return queries, [image(random) if shown is None else view(random, queries[shown]) for shown in SHOWS]


@pytest.fixture(scope="module")
def folder(tmp_path_factory, images):
    """Features of all images, with and without affine shapes, a codebook, and what the scorer makes of them."""
    place = tmp_path_factory.mktemp("affine")
    codebook = Codebook(np.concatenate([one.descriptors for one in images[0]]))
    codebook.save(place / "codebook.h5")
    for name, shaped in (("", True), ("_round", False)):
        write(place / f"queries{name}.h5", images[0], with_affine=shaped, letter="q")
        write(place / f"database{name}.h5", images[1], with_affine=shaped)
    for role, split in (("query", "queries"), ("database", "database")):
        affine_words.project(
            place / f"{split}.h5", place / f"{split}_words.h5", role=role, codebook=place / "codebook.h5",
            num_features=None, scales="sizes", attributes={"recipe": "{}"},
        )  # fmt: skip
    return place


def files(folder, suffix=""):
    return {"queries": folder / f"queries{suffix}.h5", "database": folder / f"database{suffix}.h5"}


ALL_PAIRS = np.repeat([0, 1], len(SHOWS)), np.tile(np.arange(len(SHOWS)), 2)


def expected(images, pair_up, frames=lambda one: one.affine, **settings):
    counts = []
    for query, number in zip(*ALL_PAIRS, strict=True):
        a, b = images[0][query], images[1][number]
        counts.append(verify_affine(a.keypoints, frames(a), b.keypoints, frames(b), pair_up(a, b), **settings).count)
    return counts


def nearest(a, b):
    return nearest_tentatives(a.descriptors, b.descriptors, ratio=0.9)


def test_counts_of_mutual_nearest_neighbours(images, folder):
    found = affine.score_chunk(files(folder), *ALL_PAIRS, num_queries=2)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected(images, nearest))
    every = affine.score_chunk(files(folder), *ALL_PAIRS, num_queries=2, ratio=None)
    np.testing.assert_array_equal(
        every, expected(images, lambda a, b: nearest_tentatives(a.descriptors, b.descriptors))
    )
    shows = np.array([shown is not None and shown == query for query in (0, 1) for shown in SHOWS])
    assert found[shows].min() >= 15 > 8 > found[~shows].max()


def test_features_without_affine_shapes_have_upright_circles(images, folder):
    found = affine.score_chunk(files(folder, "_round"), *ALL_PAIRS, num_queries=2, scale_ratio=1.5)
    circles = expected(images, nearest, lambda one: frames_from_scales(one.scales), scale_ratio=1.5)
    np.testing.assert_array_equal(found, circles)
    factors = affine.score_chunk(files(folder, "_round"), *ALL_PAIRS, num_queries=2, scales="factors")
    np.testing.assert_array_equal(factors, expected(images, nearest, lambda one: frames_from_scales(1 / one.scales)))


@pytest.mark.parametrize("scorer", [affine, affine_words])
def test_the_points_that_are_drawn_are_those_that_were_counted(folder, scorer):
    name = scorer.__name__.rpartition(".")[2]
    given = files(folder, "_words" if scorer is affine_words else "")
    step = scorer.Step(rerank="any")
    settings = {key: getattr(step, key) for key in scorer.PAIR_SETTINGS}
    verify = open_verifier(name, given, settings)
    counts = scorer.score_chunk(given, *ALL_PAIRS, num_queries=2, **settings)
    assert counts.max() > 10
    for query, image, count in zip(*ALL_PAIRS, counts, strict=True):
        found = verify(int(query), int(image))
        assert len(found.query) == len(found.image) == count <= found.tentative
        if count:
            mapped = found.query @ found.transform[:2, :2].T + found.transform[:2, 2]
            assert np.linalg.norm(mapped - found.image, axis=1).max() <= step.threshold + 1e-6


def test_the_strongest_features_are_compared(images, folder):
    def strongest(one):
        rows = np.sort(np.argsort(-one.scores, kind="stable")[:12])
        return LocalFeatures(
            one.descriptors[rows], one.scores[rows], one.keypoints[rows], one.scales[rows], affine=one.affine[rows]
        )

    few = [[strongest(one) for one in part] for part in images]
    found = affine.score_chunk(files(folder), *ALL_PAIRS, num_queries=2, num_features=12)
    np.testing.assert_array_equal(found, expected(few, nearest))


def test_counts_do_not_depend_on_blocks_order_or_threads(folder):
    class Engine:
        threads, memory_mib = 2, 1

    order = np.random.default_rng(1).permutation(len(ALL_PAIRS[0]))
    shuffled = tuple(ids[order] for ids in ALL_PAIRS)
    for module, suffix in ((affine, ""), (affine_words, "_words")):
        whole = module.score_chunk(files(folder, suffix), *ALL_PAIRS, num_queries=2)
        parts = module.score_chunk(files(folder, suffix), *shuffled, num_queries=2, engine=Engine())
        np.testing.assert_array_equal(parts, whole[order])
    none = affine.score_chunk(files(folder), np.zeros(0, int), np.zeros(0, int), num_queries=2)
    assert none.shape == (0,)


def test_counts_of_equal_words(images, folder):
    found = affine_words.score_chunk(files(folder, "_words"), *ALL_PAIRS, num_queries=2, most=4, tentatives=25)
    codebook = Codebook.load(folder / "codebook.h5")

    def by_word(a, b):
        words = [Words.of(codebook.assign(one.descriptors)[:, 0]) for one in (a, b)]
        return word_tentatives(*words, most=4, limit=25).pairs

    np.testing.assert_array_equal(found, expected(images, by_word))
    assert found.max() >= 15


def test_regions_are_those_of_the_strongest_features(images, folder, tmp_path):
    affine_words.project(
        folder / "database.h5", tmp_path / "few.h5", role="database", codebook=folder / "codebook.h5", num_features=7,
        scales="sizes", attributes={},
    )  # fmt: skip
    file = RegionFile(tmp_path / "few.h5")
    assert file.names == [f"d{number}" for number in range(len(SHOWS))] and file.n_words == 2 * FEATURES
    assert affine_words.sizes({"database": file.path}) == {"region bytes": {file.codebook: 7 * len(SHOWS) * 28}}
    stored = file.read(np.array([6, 2]))
    assert stored.offsets.tolist() == [0, 7, 14]
    for place, number in enumerate((6, 2)):
        one = images[1][number]
        rows = np.sort(np.argsort(-one.scores, kind="stable")[:7])
        np.testing.assert_array_equal(stored.keypoints[7 * place : 7 * place + 7], one.keypoints[rows])
        np.testing.assert_array_equal(stored.frames[7 * place : 7 * place + 7], one.affine[rows])


def test_a_step_moves_verified_images_up(folder, tmp_path):
    """Both rankings are worst first; images with fewer inliers than asked for keep their order."""
    names = [f"d{number}" for number in range(len(SHOWS))]
    rows = np.tile(np.argsort([shown is not None for shown in SHOWS], kind="stable"), (2, 1))
    ranked = RankedList(rows.astype(np.int32), np.tile(np.linspace(1, 0.3, len(SHOWS), dtype=np.float32), (2, 1)))
    truth = [{"good": [], "ok": np.array([0]), "junk": np.array([], int)}] * 2
    lists = (ImageList(names, [None] * len(names)), ImageList(["q0", "q1"], [None] * 2))
    candidates = Candidates(Ranking(["q0", "q1"], names, {ALL: ranked}), Dataset(*lists, truth, "oxford"))
    for scorer, suffix in ((affine, ""), (affine_words, "_words")):
        settings = scorer.Step.read({"rerank": "x", "shortlist": len(SHOWS), "least": 12}, "step").model_dump()
        own = {key: settings[key] for key in scorer.PAIR_SETTINGS}
        score_pairs(
            scorer, files(folder, suffix), candidates.lists(), tmp_path / "pairs.h5", shortlist=len(SHOWS),
            num_images=len(SHOWS), settings=own,
        )  # fmt: skip
        rerank_files(
            candidates, [tmp_path / "pairs.h5"], tmp_path / "ranking.h5", scorer=scorer.__name__,
            files={"database": files(folder, suffix)["database"]}, shortlist=len(SHOWS),
            settings={key: value for key, value in settings.items() if key not in ("rerank", "shortlist")},
            attributes={},
        )  # fmt: skip
        result = read_ranking(tmp_path / "ranking.h5").lists[ALL]
        for query in (0, 1):
            verified = [number for number, shown in enumerate(SHOWS) if shown == query]
            assert set(result.ranks[query, : len(verified)]) == set(verified)
            rest = [number for number in rows[query] if number not in verified]
            assert result.ranks[query, len(verified) :].tolist() == rest
            assert (np.diff(result.scores[query, : len(verified)]) <= 0).all()


def test_what_does_not_fit_is_refused(folder, tmp_path, images):
    with pytest.raises(DataError, match="has 2 queries, the rankings are of 3"):
        affine.score_chunk(files(folder), *ALL_PAIRS, num_queries=3)
    with pytest.raises(DataError, match="rows have to be integers from 0 to 7"):
        affine.score_chunk(files(folder), np.array([0]), np.array([8]), num_queries=2)
    with pytest.raises(DataError, match="has 8 images, asked for 8"):
        affine_words.score_chunk(files(folder, "_words"), np.array([0]), np.array([8]), num_queries=2)
    with pytest.raises(DataError, match="'words' is missing"):
        affine_words.score_chunk(files(folder), *ALL_PAIRS, num_queries=2)
    Codebook(images[1][0].descriptors).save(tmp_path / "other.h5")
    affine_words.project(
        folder / "database.h5", tmp_path / "words.h5", role="database", codebook=tmp_path / "other.h5",
        num_features=None, scales="sizes", attributes={},
    )  # fmt: skip
    mixed = {"queries": folder / "queries_words.h5", "database": tmp_path / "words.h5"}
    with pytest.raises(DataError, match="was made with another codebook"):
        affine_words.score_chunk(mixed, *ALL_PAIRS, num_queries=2)
    flat = [LocalFeatures(one.descriptors, one.scores, one.keypoints, 0 * one.scales) for one in images[0]]
    write(tmp_path / "flat.h5", flat, with_affine=False, letter="q")
    with pytest.raises(DataError, match="flat.h5: holds scales that are not positive"):
        affine.score_chunk({**files(folder), "queries": tmp_path / "flat.h5"}, *ALL_PAIRS, num_queries=2)
