"""Images of three features and of none, in the database and as a query, through every engine and every step."""

import numpy as np
import pytest

from reprise.bow import BagOfWords
from reprise.bow.stages import build_bow, search_bow
from reprise.codebooks import Codebook
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.rankings import ALL, RankedList, read_ranking
from reprise.formats.regions import RegionFile
from reprise.geometry import frames_from_scales
from reprise.hamming.settings import Expansion, Votes
from reprise.hamming.stages import build_hamming, search_hamming, train_embedding
from reprise.reranking import affine, affine_words
from reprise.reranking.expand_bow import expanded
from reprise.reranking.verified_features import VerifiedImages

DIM, WORDS = 64, 12
COUNTS = (40, 3, 0, 40, 3)  # of the images of the database
SHOWN = (0, 1)  # by the queries


def image(random, n):
    descriptors = random.standard_normal((n, DIM))
    frames = frames_from_scales(random.uniform(4, 12, n))
    columns = (
        descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True),
        random.uniform(0, 1, n),
        random.uniform(0, 200, (n, 2)),
        frames[:, 0, 0],
    )
    shaped = [column.astype(np.float32) for column in (*columns, frames)]
    return LocalFeatures(*shaped[:4], affine=shaped[4])


def write(path, images, letter):
    with feature_writer(path, DIM, {}, affine=True) as writer:
        for number, one in enumerate(images):
            writer.append(f"{letter}{number}", one)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Features, codebook, and regions; the queries are images 0 and 1 of the database."""
    place, random = tmp_path_factory.mktemp("few"), np.random.default_rng(0)
    images = [image(random, n) for n in COUNTS]
    write(place / "database.h5", images, "d")
    write(place / "queries.h5", [images[number] for number in SHOWN], "q")
    Codebook.train(np.concatenate([one.descriptors for one in images]), WORDS).save(place / "codebook.h5")
    for split in ("database", "queries"):
        affine_words.project(
            place / f"{split}.h5", place / f"{split}_words.h5", role="database", codebook=place / "codebook.h5",
            num_features=None, scales="sizes", attributes={},
        )  # fmt: skip
    return place


NAMES = [f"d{number}" for number in range(len(COUNTS))]


def ranked_first(path):
    ranked = read_ranking(path).lists[ALL]
    assert np.isfinite(ranked.scores).all()
    assert (np.sort(ranked.ranks, axis=1) == np.arange(len(COUNTS))).all()
    return ranked.ranks[:, 0].tolist()


def test_bags_of_words_and_their_expansion(folder, tmp_path):
    codebook = folder / "codebook.h5"
    build_bow(folder / "database.h5", codebook, tmp_path / "index", num_features=None)
    search_bow(
        tmp_path / "index", codebook, folder / "queries.h5", NAMES, tmp_path / "ranking.h5", num_features=None,
        query_assignments=1, topk=None, attributes={},
    )  # fmt: skip
    assert ranked_first(tmp_path / "ranking.h5") == list(SHOWN)
    files = (RegionFile(folder / f"{split}_words.h5") for split in ("queries", "database"))
    regions = VerifiedImages(*files, [None, None])
    ranks = np.tile(np.arange(len(COUNTS), dtype=np.int32), (2, 1))
    before = RankedList(ranks, np.zeros(ranks.shape))
    after = expanded(before, BagOfWords.open(tmp_path / "index"), regions, least=3, most=1000)
    assert after.ranks[:, 0].tolist() == list(SHOWN) and np.isfinite(after.scores).all()


@pytest.mark.parametrize("expansion", [None, Expansion(least=1, strict=8).model_dump()])
def test_hamming_embedding_and_its_expansion(folder, tmp_path, expansion):
    codebook, embedding = folder / "codebook.h5", tmp_path / "embedding.h5"
    train_embedding(
        folder / "database.h5", codebook, embedding, num_features=None, bits=64, seed=0, attributes={}
    )  # fmt: skip
    build_hamming(folder / "database.h5", codebook, embedding, tmp_path / "index", num_features=None)
    search_hamming(
        tmp_path / "index", codebook, embedding, folder / "queries.h5", NAMES, tmp_path / "ranking.h5",
        num_features=None, query_assignments=3, votes=Votes(threshold=24, sigma=16).model_dump(),
        expansion=expansion, topk=None, attributes={},
    )  # fmt: skip
    assert ranked_first(tmp_path / "ranking.h5") == list(SHOWN)


@pytest.mark.parametrize(("scorer", "suffix"), [(affine, ""), (affine_words, "_words")])
def test_verification(folder, scorer, suffix):
    files = {split: folder / f"{split}{suffix}.h5" for split in ("queries", "database")}
    pairs = np.repeat(SHOWN, len(COUNTS)), np.tile(np.arange(len(COUNTS)), 2)
    settings = {"most": 1000} if scorer is affine_words else {}
    counts = scorer.score_chunk(files, *pairs, num_queries=2, **settings).reshape(2, -1)
    # Three features have three inliers at most, fewer than an image needs to move up.
    assert counts[0, 0] == 40 and counts[1, 1] == 3 and counts[1].max() == 3
    assert (counts[:, 2] == 0).all()
    least = affine.Step.read({"rerank": "x"}, "step").least
    np.testing.assert_array_equal(scorer.fuse(counts, counts, least=least)[1], np.zeros(len(COUNTS)))
