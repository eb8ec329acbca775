"""From photographs to mAP: the published ASMK code on the same RootSIFT gives these numbers."""

import numpy as np
import pytest

from reprise.asmk import ASMK, Codebook
from reprise.datasets import read_benchmark
from reprise.evaluation import evaluate_revisited
from reprise.extractors.registry import load_extractor


def extract(images, name):
    """Descriptors and image ids of a list of images."""
    extractor = load_extractor(name, image_size=None, num_features=1000)
    boxes = images.boxes or [None] * len(images)
    features = [
        extractor.extract(extractor.load(path, box)).descriptors for path, box in zip(images.paths, boxes, strict=True)
    ]
    return np.concatenate(features), np.repeat(np.arange(len(features)), [len(f) for f in features])


@pytest.mark.parametrize(
    ("extractor", "count", "expected"),
    [("rootsift", 62821, [81.41, 85.72, 82.76]), ("detected", 59289, [83.51, 88.92, 85.06])],  # Hessian-affine RootSIFT
)
def test_photos(photos, extractor, count, expected):
    dataset = read_benchmark(photos / "jpg", photos / "gnd_photos.pkl", "revisited")
    database, queries = extract(dataset.database, extractor), extract(dataset.queries, extractor)
    assert len(database[0]) == count
    asmk = ASMK(Codebook.train(database[0], 2048)).index(*database)
    scores = evaluate_revisited(asmk.search(*queries).ranks, dataset.ground_truth)
    measured = [100 * scores[protocol].map for protocol in ("easy", "medium", "hard")]
    assert measured == pytest.approx(expected, abs=0.2)
    print("mAP easy, medium, hard:", np.round(measured, 2))
