"""The miniature is a benchmark: search works on it, not too well, and better parameters give better numbers."""

import functools
import io
import os
import pickle
import tarfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from reprise.asmk import ASMK, Codebook
from reprise.evaluation import evaluate_revisited
from reprise.mini import draw_mirror
from reprise.mini.mirror import cid_path

pytestmark = pytest.mark.workflow

ARCHIVES = {"roxford5k": ["oxbuild_images-v1.tgz"], "rparis6k": ["paris_1-v1.tgz", "paris_2-v1.tgz"]}
WORDS, FEATURES = 4096, 300


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    folder = tmp_path_factory.mktemp("benchmark")
    draw_mirror(folder, processes=min(os.cpu_count() or 1, 4))
    return folder


def read_images(folder: Path, names: list[str]) -> dict[str, np.ndarray]:
    images = {}
    for name in names:
        with tarfile.open(folder / name) as archive:
            for member in archive:
                if member.isfile():
                    image = Image.open(io.BytesIO(archive.extractfile(member).read()))
                    images[member.name.split("/")[-1]] = np.asarray(image.convert("L"))
    return images


def rootsift(image: np.ndarray) -> np.ndarray:
    """At most 1000 descriptors, strongest first."""
    keypoints, sift = cv2.SIFT.create(nfeatures=1000).detectAndCompute(image, None)
    if not keypoints:
        return np.zeros((0, 128), np.float32)
    order = np.argsort([-keypoint.response for keypoint in keypoints], kind="stable")[:1000]
    return np.sqrt(sift[order] / np.maximum(sift[order].sum(1, keepdims=True), 1e-9)).astype(np.float32)


@pytest.fixture(scope="module")
def training(mirror):
    """The descriptors of every training image."""
    images = read_images(mirror, ["ims.tar.gz"])
    lists = pickle.loads((mirror / "retrieval-SfM-120k.pkl").read_bytes())
    return [rootsift(images[cid_path(cid).split("/")[-1]]) for cid in lists["train"]["cids"]]


@pytest.fixture(scope="module")
def codebook(training):
    descriptors = np.vstack(training)
    return functools.cache(lambda size: Codebook.train(descriptors, size))


@pytest.fixture(scope="module", params=ARCHIVES)
def benchmark(mirror, request):
    """Descriptors of database and queries (cropped to their boxes), and the ground truth."""
    truth = pickle.loads((mirror / f"gnd_{request.param}.pkl").read_bytes())
    images = read_images(mirror, ARCHIVES[request.param])
    database = [rootsift(images[f"{name}.jpg"]) for name in truth["imlist"]]
    queries = []
    for name, entry in zip(truth["qimlist"], truth["gnd"], strict=True):
        x1, y1, x2, y2 = (round(value) for value in entry["bbx"])
        queries.append(rootsift(images[f"{name}.jpg"][y1:y2, x1:x2]))
    return database, queries, truth["gnd"]


def scores(rankings, ground_truth) -> tuple[float, float, float]:
    """mAP easy, medium, hard in percent."""
    results = evaluate_revisited(rankings, ground_truth)
    return tuple(100 * results[setup].map for setup in ("easy", "medium", "hard"))


def stacked(descriptors, count):
    kept = [rows[:count] for rows in descriptors]
    return np.vstack(kept), np.repeat(np.arange(len(kept)), [len(rows) for rows in kept])


def search(benchmark, codebook, features=FEATURES, **parameters):
    database, queries, truth = benchmark
    asmk = ASMK(codebook, **parameters).index(*stacked(database, features), n_images=len(database))
    rankings = asmk.search(*stacked(queries, features), query_ids=np.arange(len(queries)))
    return scores(rankings.ranks, truth)


def bag_of_words(benchmark, codebook, features=FEATURES):
    database, queries, truth = benchmark

    def histograms(images):
        rows = [np.bincount(codebook.assign(image[:features], 1)[:, 0], minlength=codebook.size) for image in images]
        return np.array(rows) / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1)

    return scores(np.argsort(-histograms(queries) @ histograms(database).T, axis=1, kind="stable"), truth)


def test_sizes(benchmark):
    database, queries, truth = benchmark
    assert len(database) >= 120 and len(queries) >= 12
    assert np.mean([len(rows) for rows in database]) > 300
    assert all(entry["easy"] and entry["hard"] for entry in truth)


def test_random_ranking_fails(benchmark):
    database, queries, truth = benchmark
    rng = np.random.default_rng(0)
    rankings = np.array([rng.permutation(len(database)) for _ in queries])
    assert max(scores(rankings, truth)) < 20


@pytest.mark.parametrize(("words", "features"), [(1024, 1000), (WORDS, FEATURES)])
def test_difficulty(benchmark, codebook, words, features):
    easy, medium, hard = search(benchmark, codebook(words), features)
    assert 45 < medium < 90
    assert easy > medium > hard


def test_parameters_move_it_as_the_papers_say(benchmark, codebook):
    medium = search(benchmark, codebook(WORDS))[1]
    assert medium > search(benchmark, codebook(256))[1]  # more words
    assert medium > search(benchmark, codebook(WORDS), 100)[1]  # more features
    assert medium > search(benchmark, codebook(WORDS), query_assignments=1)[1]
    assert medium > search(benchmark, codebook(WORDS), alpha=1.0)[1]
    assert medium > bag_of_words(benchmark, codebook(WORDS))[1]
