"""Re-ranking by homographies: published counts and orders, what is read, and what is refused."""

import json
from itertools import pairwise
from pathlib import Path

import h5py
import numpy as np
import pytest

from reprise.datasets.images import Dataset, ImageList
from reprise.evaluation import evaluate_revisited
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.rankings import ALL, RankedList, Ranking, read_ranking
from reprise.geometry.homographies import project
from reprise.reranking import homography, pair_blocks
from reprise.reranking.candidates import Candidates
from reprise.reranking.matched_points import open_verifier
from reprise.reranking.steps import rerank_files, score_pairs
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_rerank"))


def write(path, images):
    with feature_writer(path, images[0].descriptors.shape[1], {}) as writer:
        for number, one in enumerate(images):
            writer.append(f"{path.stem}{number}", one)
    return path


def features(descriptors, keypoints, scores=None):
    count = len(descriptors)
    scores = np.ones(count) if scores is None else scores
    return LocalFeatures(*(np.asarray(a, np.float32) for a in (descriptors, scores, keypoints, np.ones(count))))


@pytest.fixture(scope="module")
def files(arrays, tmp_path_factory):
    """The golden features, in pixels of the original images."""
    folder, result = tmp_path_factory.mktemp("homography"), {}
    for key, name in (("queries", "query"), ("database", "database")):
        offsets, images = arrays[f"{name}_offsets"], []
        for number, (start, stop) in enumerate(pairwise(offsets)):
            factor = arrays[f"{name}_original_sizes"][number] / arrays[f"{name}_new_sizes"][number]
            keypoints = (arrays[f"{name}_keypoints"][start:stop].astype(np.float64) + 0.5) * factor
            images.append(features(arrays[f"{name}_descriptors"][start:stop], keypoints))
        result[key] = write(folder / f"{key}.h5", images)
    return result


@pytest.fixture(scope="module")
def pairs(arrays):
    ranks = arrays["ranks"].T[:, : int(arrays["topk"])]
    return np.repeat(np.arange(len(ranks)), ranks.shape[1]), ranks.ravel()


def test_golden_counts(arrays, files, pairs):
    found = homography.score_chunk(files, *pairs, num_queries=4)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.reshape(4, -1), arrays["inliers_own_rule"])


def test_the_points_that_are_drawn_are_those_that_were_counted(arrays, files, pairs):
    step = homography.Step(rerank="any")
    verify = open_verifier("homography", files, {key: getattr(step, key) for key in homography.PAIR_SETTINGS})
    counts = arrays["inliers_own_rule"].ravel()
    for query, image, count in list(zip(*pairs, counts, strict=True))[::7]:
        found = verify(int(query), int(image))
        assert len(found.query) == len(found.image) == count <= found.tentative
        if count:
            distances = np.linalg.norm(project(found.transform, found.query) - found.image, axis=1)
            assert distances.max() <= step.threshold + 1e-3


def test_golden_order_and_map(arrays, files, tmp_path):
    ranks = np.ascontiguousarray(arrays["ranks"].T.astype(np.int64))
    scores = -np.arange(ranks.shape[1], dtype=np.float32) * np.ones((4, 1), np.float32)
    names = [f"q{i}" for i in range(4)], [f"d{i}" for i in range(ranks.shape[1])]
    queries, database = (ImageList(each, [None] * len(each)) for each in names)
    # As published, the short list is that of the whole ranking, junk included.
    dataset = Dataset(database, queries, [{"ok": []}] * 4, "classic")
    candidates = Candidates(Ranking(*names, {ALL: RankedList(ranks, scores)}), dataset)
    top = int(arrays["topk"])
    score_pairs(
        homography, files, candidates.lists(), tmp_path / "pairs.h5", shortlist=top, num_images=ranks.shape[1],
        settings={"num_features": None, "max_distance": None, "threshold": 5.0},
    )  # fmt: skip
    rerank_files(
        candidates, [tmp_path / "pairs.h5"], tmp_path / "ranking.h5", scorer="homography", files=files, shortlist=top,
        settings={"num_features": None, "max_distance": None, "threshold": 5.0, "least": 1}, attributes={},
    )  # fmt: skip
    found = read_ranking(tmp_path / "ranking.h5").list_of(ALL).ranks
    np.testing.assert_array_equal(found.T, arrays["reranked_own_rule"])
    truth = json.loads(str(arrays["ground_truth"]))
    expected = json.loads(str(arrays["scores_own_rule"]))
    measured = evaluate_revisited(found, truth)
    for column, name in enumerate(("easy", "medium", "hard")):
        assert measured[name].map == pytest.approx(expected["mAP"][column], abs=1e-9)
        assert list(measured[name].precision_at.values()) == pytest.approx(expected["mP"][column], abs=1e-9)


def test_counts_do_not_depend_on_blocks_order_or_threads(files, pairs):
    class Engine:
        threads, memory_mib = 2, 1

    expected = homography.score_chunk(files, *pairs, num_queries=4)
    order = np.random.default_rng(0).permutation(len(expected))
    for threads, size in ((1, 1024), (3, 0.1)):
        Engine.threads, Engine.memory_mib = threads, size
        found = homography.score_chunk(files, pairs[0][order], pairs[1][order], num_queries=4, engine=Engine())
        np.testing.assert_array_equal(found, expected[order])


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """20 images of 200 features with 128 dimensions, 2 MB, and 5 queries."""
    folder, random = tmp_path_factory.mktemp("large"), np.random.default_rng(0)
    images = [features(random.normal(size=(200, 128)), random.uniform(0, 99, (200, 2))) for _ in range(20)]
    return {"queries": write(folder / "q.h5", images[:5]), "database": write(folder / "d.h5", images)}


def bytes_read():
    return int(dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())["rchar"])


def test_every_image_is_read_once(large, monkeypatch):
    """Though each of five queries is compared with each image, in several blocks."""

    class Engine:
        threads, memory_mib = 1, 1

    read = []
    whole = pair_blocks._read
    monkeypatch.setattr(
        pair_blocks, "_read", lambda file, images, *rest: read.append(len(images)) or whole(file, images, *rest)
    )
    before = bytes_read()
    homography.score_chunk(
        large, np.repeat(np.arange(5), 20), np.tile(np.arange(20), 5), num_queries=5, engine=Engine(), max_distance=0.1
    )
    volume = bytes_read() - before
    assert read[0] == 5 and sum(read[1:]) == 20 and len(read) > 3
    assert volume < 1.5 * sum(path.stat().st_size for path in large.values())


def test_settings_change_counts(large):
    ids = np.arange(5), np.arange(5)
    assert homography.score_chunk(large, *ids, num_queries=5).tolist() == [200] * 5
    assert homography.score_chunk(large, *ids, num_queries=5, num_features=30).tolist() == [30] * 5
    others = np.arange(5), np.arange(5, 10)
    assert homography.score_chunk(large, *others, num_queries=5, max_distance=0.1).tolist() == [0] * 5
    loose, strict = (homography.score_chunk(large, *others, num_queries=5, threshold=t) for t in (30, 1))
    assert (loose > strict).all()


def test_images_with_few_features(tmp_path):
    """No keypoint, one, three, and keypoints on a line, which have no homography."""
    random = np.random.default_rng(0)
    descriptors, keypoints = random.normal(size=(9, 16)), random.uniform(0, 99, (9, 2))
    line = np.arange(9)[:, None] * [3.0, 2.0]
    images = [features(descriptors[:n], keypoints[:n]) for n in (0, 1, 3, 4, 9)] + [features(descriptors, line)]
    database, queries = write(tmp_path / "d.h5", images), write(tmp_path / "q.h5", [images[4], images[0]])
    found = homography.score_chunk(
        {"queries": queries, "database": database}, np.repeat([0, 1], 6), np.tile(np.arange(6), 2), num_queries=2
    )
    assert found.tolist() == [0, 0, 0, 4, 9, 0] + [0] * 6


def test_order_of_equal_counts_is_kept():
    scores = np.array([[3.0, 9, 0, 3, 9, 0]])
    kept = homography.fuse(np.zeros((1, 6)), scores, least=1)
    assert np.argsort(-kept, axis=1, kind="stable").tolist() == [[1, 4, 0, 3, 2, 5]]
    assert homography.fuse(np.zeros((1, 6)), scores, least=4).tolist() == [[0, 9, 0, 0, 9, 0]]


def test_unfit_files(large, files, tmp_path):
    with pytest.raises(DataError, match="verification by homographies needs local descriptors of 128 dimensions"):
        homography.score_chunk({**large, "database": files["database"]}, [0], [0], num_queries=5)
    with pytest.raises(DataError, match="has 5 queries, the rankings are of 6"):
        homography.score_chunk(large, np.zeros(1, int), np.zeros(1, int), num_queries=6)
    with pytest.raises(DataError, match="rows have to be integers from 0 to 19"):
        homography.score_chunk(large, np.zeros(1, int), np.array([20]), num_queries=5)
    broken = write(tmp_path / "broken.h5", [features(np.ones((5, 128)), np.ones((5, 2)))])
    with h5py.File(broken, "r+") as file:
        file["descriptors"][3, 7] = np.nan
    with pytest.raises(DataError, match=r"broken\.h5: image 0 .*descriptors contain NaN"):
        homography.score_chunk({**large, "database": broken}, np.zeros(1, int), np.zeros(1, int), num_queries=5)


def test_defaults_are_the_published_ones():
    step = homography.Step.read({"rerank": "mine"}, "step")
    assert (step.shortlist, step.threshold, step.max_distance, step.num_features, step.least) == (
        100,
        5.0,
        None,
        None,
        1,
    )
