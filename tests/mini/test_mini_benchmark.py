"""The miniature is a benchmark: search works on it, not too well, and better parameters give better numbers."""

import functools

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook
from reprise.datasets import read_benchmark
from reprise.evaluation import evaluate_revisited
from reprise.formats.features import open_features

pytestmark = pytest.mark.workflow

IMAGES = {"roxford5k": "oxford5k", "rparis6k": "paris6k"}
WORDS, FEATURES = 4096, 300


@pytest.fixture(scope="module")
def codebook(miniature):
    """A function that trains a codebook of a given size on the features of the training images."""
    with open_features(miniature.folder / "results/mini/features/rootsift/sfm120k_subset20k/database.h5") as file:
        descriptors, _ = file.read_rows(0, len(file))
    return functools.cache(lambda size: Codebook.train(descriptors, size))


class Benchmark:
    """The features of database and queries that the workflow extracted, and their ground truth."""

    def __init__(self, folder, dataset):
        features = folder / "results/mini/features/rootsift" / dataset
        self.database = open_features(features / "database.h5")
        self.queries = open_features(features / "queries.h5")
        images, truth = folder / "data/mini" / IMAGES[dataset], folder / f"data/mini/downloads/gnd_{dataset}.pkl"
        self.truth = read_benchmark(images, truth, "revisited").ground_truth

    def scores(self, rankings):
        """Return the mAP of easy, medium and hard, in percent."""
        results = evaluate_revisited(rankings, self.truth)
        return tuple(100 * results[protocol].map for protocol in ("easy", "medium", "hard"))

    def asmk(self, codebook, features=FEATURES, **parameters):
        engine = ASMK(codebook, **parameters)
        engine.index(*self.database.read_rows(0, len(self.database), features), n_images=len(self.database))
        queries = self.queries.read_rows(0, len(self.queries), features)
        return self.scores(engine.search(*queries, query_ids=np.arange(len(self.queries))).ranks)

    def bag_of_words(self, codebook, features=FEATURES):
        def histograms(file):
            descriptors, images = file.read_rows(0, len(file), features)
            counts = np.zeros((len(file), codebook.size))
            np.add.at(counts, (images, codebook.assign(descriptors, 1)[:, 0]), 1)
            return counts / np.maximum(np.linalg.norm(counts, axis=1, keepdims=True), 1)

        similarities = histograms(self.queries) @ histograms(self.database).T
        return self.scores(np.argsort(-similarities, axis=1, kind="stable"))


@pytest.fixture(scope="module", params=IMAGES)
def benchmark(miniature, request):
    return Benchmark(miniature.folder, request.param)


def test_sizes(benchmark):
    assert len(benchmark.database) >= 120 and len(benchmark.queries) >= 12
    assert benchmark.database.counts().mean() > 300
    assert all(len(entry["easy"]) and len(entry["hard"]) for entry in benchmark.truth)


def test_random_ranking_fails(benchmark):
    rng = np.random.default_rng(0)
    rankings = np.array([rng.permutation(len(benchmark.database)) for _ in benchmark.truth])
    assert max(benchmark.scores(rankings)) < 20


@pytest.mark.parametrize(("words", "features"), [(1024, 1000), (WORDS, FEATURES)])
def test_difficulty(benchmark, codebook, words, features):
    easy, medium, hard = benchmark.asmk(codebook(words), features)
    assert 45 < medium < 90
    assert easy > medium > hard


def test_parameters_move_it_as_the_papers_say(benchmark, codebook):
    medium = benchmark.asmk(codebook(WORDS))[1]
    assert medium > benchmark.asmk(codebook(256))[1]  # more words
    assert medium > benchmark.asmk(codebook(WORDS), 100)[1]  # more features
    assert medium > benchmark.asmk(codebook(WORDS), query_assignments=1)[1]
    assert medium > benchmark.asmk(codebook(WORDS), alpha=1.0)[1]
    assert medium > benchmark.bag_of_words(codebook(WORDS))[1]
