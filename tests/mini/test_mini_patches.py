"""The patches of the miniature: those of one point look alike, and more noise makes the tasks harder."""

import zipfile

import numpy as np
import pytest

from reprise.datasets.hpatches import Layout, read_hpatches, read_splits
from reprise.datasets.phototour import read_phototour
from reprise.descriptors import load_descriptor
from reprise.evaluation import fpr95, hpatches_matching, hpatches_retrieval, hpatches_verification

SETS = ("liberty", "notredame", "yosemite")


@pytest.fixture(scope="module")
def unpacked(tiny_mirror, tmp_path_factory):
    folder = tmp_path_factory.mktemp("patches")
    for name in ("hpatches-release", *(f"patchdata/{name}" for name in SETS)):
        zipfile.ZipFile(tiny_mirror / f"{name}.zip").extractall(folder / name.split("/")[-1])
    return folder


@pytest.mark.parametrize("name", SETS)
def test_points_are_seen_more_than_once_and_look_alike(unpacked, name):
    tour = read_phototour(unpacked / name)
    counts = np.bincount(tour.labels)
    assert len(counts) >= 32
    assert counts.min() >= 2 and counts.max() <= 4
    assert tour.pairs[:, 2].mean() == 0.5
    descriptors = load_descriptor("rootsift").of_any_patches(tour.patches)
    first, second = descriptors[tour.pairs[:, :2].T]
    assert fpr95(tour.pairs[:, 2], np.linalg.norm(first - second, axis=1)) < 0.8  # 0.95 by chance


def test_more_noise_makes_every_task_harder(unpacked, tiny_mirror):
    release = read_hpatches(unpacked / "hpatches-release")
    rootsift = load_descriptor("rootsift")
    descriptors = {f"{s}/{name}": rootsift.of_any_patches(release.patches(s, name)) for s, name in release.images()}
    description = {
        "split": "full", "pairs": 500, "index": tiny_mirror / "utils/splits.json", "images": unpacked,
        **{kind: tiny_mirror / f"retr_{kind}_split-full.csv" for kind in ("queries", "distractors")},
    }  # fmt: skip
    tasks = Layout.load_tasks(description, release.counts)
    verification = hpatches_verification(descriptors, tasks)
    precisions = [np.mean([verification.average_precision[n, kind] for kind in ("intra", "inter")]) for n in "eht"]
    matching = hpatches_matching(descriptors, tasks).average_precision.mean(axis=(1, 2))
    retrieval = hpatches_retrieval(descriptors, tasks).pooled.mean(axis=(1, 2))
    for values in (precisions, matching, retrieval):
        assert values[0] > values[1] > values[2] > 0.02


def test_splits_are_disjoint(tiny_mirror):
    splits = read_splits(tiny_mirror / "utils/splits.json")
    for name in "abc":
        assert not set(splits[name]["train"]) & set(splits[name]["test"])
    assert splits["illum"]["test"] + splits["view"]["test"] == splits["full"]["test"]
