"""What public objects say of themselves: one short line, with sizes, whatever they hold."""

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook, InvertedFile, Rankings, aggregate
from reprise.bow import BagOfWords
from reprise.codebooks.centring import mean_of
from reprise.detectors import Keypoints
from reprise.evaluation import evaluate_classic
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.formats.rankings import ALL, RankedList, Ranking
from reprise.hamming import HammingEmbedding, Signatures

DESCRIPTORS = np.random.default_rng(0).standard_normal((200, 40), dtype=np.float32)
IDS = np.repeat(np.arange(10), 20)
WORDS = np.arange(200) % 8
CODEBOOK = Codebook(DESCRIPTORS[:8])
RANKS = np.array([[1, 0, 2], [0, 1, 2]])


def features(global_descriptors=None, affine=None):
    arrays = DESCRIPTORS[:5], np.ones(5, "f4"), np.ones((5, 2), "f4"), np.ones(5, "f4")
    return LocalFeatures(*arrays, global_descriptors=global_descriptors or {}, affine=affine)


def aggregated(binary):
    return aggregate(DESCRIPTORS, WORDS[:, None], IDS, CODEBOOK, binary=binary)


CASES = [
    (CODEBOOK, "Codebook(8 words of 40 dimensions, exact)"),
    (Codebook(CODEBOOK.centroids, mean=mean_of(DESCRIPTORS)), "Codebook(8 words of 40 dimensions, exact, centred)"),
    (aggregated(True), "Aggregated(80 postings of 64 bits)"),
    (aggregated(False), "Aggregated(80 postings of 40 dimensions)"),
    (InvertedFile.build(aggregated(True), 8), "InvertedFile(10 images, 8 words, 80 postings of 64 bits)"),
    (
        InvertedFile.build(aggregated(False), 8, idf=True),
        "InvertedFile(10 images, 8 words, 80 postings of 40 dimensions, idf)",
    ),
    (
        ASMK(CODEBOOK).index(DESCRIPTORS, IDS),
        f"ASMK({CODEBOOK!r}, binary=True, idf=False, query_assignments=5, alpha=3, threshold=0, 10 images)",
    ),
    (Rankings(np.arange(2), RANKS, RANKS / 2), "Rankings(2 queries, 3 images each)"),
    (
        evaluate_classic(RANKS, [{"ok": [1]}, {"ok": []}]),
        "RetrievalScores(2 queries, mAP=1.0000, mP@1=1.0000, mP@5=1.0000, mP@10=1.0000)",
    ),
    (Keypoints(np.ones((5, 2)), np.ones(5), np.ones(5), np.ones((5, 2, 2))), "Keypoints(5 keypoints)"),
    (features(), "LocalFeatures(5 features of 40 dimensions)"),
    (
        features({"cls": np.ones(3)}, np.ones((5, 2, 2))),
        "LocalFeatures(5 features of 40 dimensions, affine, 'cls' of 3)",
    ),
    (RankedList(RANKS, RANKS / 2), "RankedList(2 queries, 3 images each)"),
    (Ranking(["p", "q"], list("abc"), {ALL: RankedList(RANKS, RANKS / 2)}), "Ranking(2 queries, 3 images)"),
    (
        Ranking(["p", "q"], list("abc"), dict.fromkeys(["easy", "hard"], RankedList(RANKS, RANKS / 2)), num_images=9),
        "Ranking(2 queries, 9 images, easy, hard)",
    ),
    (BagOfWords.build(WORDS[:, None], IDS, 8), "BagOfWords(10 images, 8 words, 80 postings)"),
    (HammingEmbedding(np.eye(64, 80), np.ones((8, 64))), "HammingEmbedding(8 words, 64 bits of 80 dimensions)"),
    (Signatures(WORDS.astype(np.int64), np.ones((200, 1), np.uint64), IDS), "Signatures(200 of 64 bits)"),
]


@pytest.mark.parametrize("value, expected", CASES, ids=[f"{type(value).__name__}" for value, _ in CASES])
def test_an_object_says_what_it_is_of_and_how_large(value, expected):
    assert repr(value) == expected


def test_a_file_of_features_says_where_it_is(tmp_path):
    path = tmp_path / "features.h5"
    with feature_writer(path, 40, {}, global_dims={"cls": 3}) as writer:
        writer.append("a", features({"cls": np.ones(3, "f4")}))
    with open_features(path) as reader:
        assert repr(reader) == f"RaggedReader('{path}', 1 images, 40 dimensions, 'cls' of 3)"
