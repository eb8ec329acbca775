"""From photographs to mAP: the published ASMK code on the same RootSIFT gives these numbers."""

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook
from reprise.datasets import read_benchmark
from reprise.evaluation import evaluate_revisited
from reprise.extractors.registry import load_extractor
from reprise.geometry import frames_from_scales, verify_affine
from reprise.geometry.tentatives import nearest_tentatives
from reprise.reranking.inliers import fuse


def extract(images, name):
    """The features of a list of images."""
    extractor = load_extractor(name, image_size=None, num_features=1000)
    boxes = images.boxes or [None] * len(images)
    return [extractor.extract(extractor.load(path, box)) for path, box in zip(images.paths, boxes, strict=True)]


def joined(features):
    """Descriptors and image ids."""
    descriptors = np.concatenate([one.descriptors for one in features])
    return descriptors, np.repeat(np.arange(len(features)), [len(one) for one in features])


def frames(features):
    """Affine frames, or those of scales, upright, where the detector gives none."""
    return features.affine if features.affine is not None else frames_from_scales(features.scales)


def percent(ranks, dataset):
    scores = evaluate_revisited(ranks, dataset.ground_truth)
    return [100 * scores[protocol].map for protocol in ("easy", "medium", "hard")]


# RootSIFT at the keypoints of OpenCV, and of the Hessian-affine detector.
@pytest.fixture(scope="module", params=["rootsift", "detected"])
def searched(photos, request):
    """The name of the extractor, the benchmark, the features of database and queries, and the ranking by ASMK."""
    dataset = read_benchmark(photos / "jpg", photos / "gnd_photos.pkl", "revisited")
    database, queries = extract(dataset.database, request.param), extract(dataset.queries, request.param)
    descriptors, image_ids = joined(database)
    asmk = ASMK(Codebook.train(descriptors, 2048)).index(descriptors, image_ids)
    return request.param, dataset, database, queries, asmk.search(*joined(queries)).ranks


EXPECTED = {"rootsift": (62821, [81.41, 85.72, 82.76]), "detected": (59289, [83.51, 88.92, 85.06])}


def test_photos(searched):
    name, dataset, database, _, ranks = searched
    count, expected = EXPECTED[name]
    assert sum(map(len, database)) == count
    measured = percent(ranks, dataset)
    assert measured == pytest.approx(expected, abs=0.2)
    print("mAP easy, medium, hard:", np.round(measured, 2))


@pytest.mark.parametrize("searched", ["rootsift"], indirect=True)
def test_spatial_verification_of_photos(searched):
    """Re-ranked by the inliers of distinct nearest neighbours, as the scorer does by default, every protocol gains."""
    _, dataset, database, queries, ranks = searched
    counts = np.zeros(ranks.shape)
    for query, row in enumerate(ranks):
        a = queries[query]
        for place, image in enumerate(row):
            b = database[image]
            pairs = nearest_tentatives(a.descriptors, b.descriptors, ratio=0.9)
            counts[query, place] = verify_affine(a.keypoints, frames(a), b.keypoints, frames(b), pairs).count
    order = np.argsort(-fuse(np.zeros_like(counts), counts, least=4), axis=1, kind="stable")
    measured = percent(np.take_along_axis(ranks, order, axis=1), dataset)
    gains = np.array(measured) - percent(ranks, dataset)
    print("mAP easy, medium, hard:", np.round(measured, 2))
    assert (gains > [0, 2, 4]).all(), gains
