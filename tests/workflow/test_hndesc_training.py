"""Training HNDesc in the workflow: on a small folder of one's own, and on the miniature."""

import csv
import json
import shutil

import numpy as np
import pytest
import yaml
from keypoint_images_data import write_keypoint_images, write_points
from paths import ROOT
from workspace import Workspace

from reprise.descriptors import load_descriptor

TABLE = "results/mini/train_hndesc.csv"
NETWORK = "results/models/hndesc_mine/best.pth"
TRAINING = {
    "type": "hndesc", "dataset": "mine", "validation": "mine_test", "backbone": "r2d2", "crop_size": 32, "batch": 2,
    "iterations": 2, "epoch_iterations": 1, "threads": 1,
}  # fmt: skip


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    config = {
        "datasets": {
            "mine": {"layout": "megadepth", "folder": "mine"},
            "mine_test": {"layout": "megadepth", "folder": "mine", "split": "test"},
        },
        "trainings": {"hndesc_mine": TRAINING},
        "checkpoints": {"hndesc_mine": {"origin": "trained", "training": "hndesc_mine"}},
        "descriptors": {"hndesc_mine": {"type": "hndesc", "checkpoint": "hndesc_mine"}},
    }
    space = Workspace(tmp_path_factory.mktemp("hndesc"), config)
    write_keypoint_images(space.folder / "mine")
    return space


@pytest.mark.workflow
def test_a_folder_of_ones_own_is_trained_on(space):
    assert space.planned([NETWORK]) == {"train": 1}
    space.run(targets=[NETWORK])
    with (space.folder / "results/models/hndesc_mine/history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["epoch"] for row in rows] == ["1", "2"] and all(0 <= float(row["val_accuracy"]) <= 1 for row in rows)
    assert load_descriptor("hndesc", checkpoint=str(space.folder / NETWORK)).dim == 128
    assert space.planned([NETWORK]) == {}
    # Other files are another training, and malformed keypoints stop it by their name.
    for path in (space.folder / "mine/MegaDepth-light-features").rglob("train*.pkl"):
        write_points(path, np.ones((3, 2)))
    assert space.planned([NETWORK]) == {"train": 1}
    output = space.snakemake("--cores", "1", targets=[NETWORK], check=False)
    assert "kpts/superpoint/" in output and "keypoints are floats of the shape (N, 3)" in output


@pytest.mark.workflow
def test_a_detector_finds_the_keypoints_that_are_learned_from(space):
    folder = space.folder / "plain"
    write_keypoint_images(folder)
    shutil.rmtree(folder / "MegaDepth-light-features")
    plain = {"layout": "megadepth", "folder": "plain", "chunks": 2}
    space.config["datasets"] |= {"plain": plain, "plain_test": {**plain, "split": "test", "chunks": 1}}
    detected = {**TRAINING, "dataset": "plain", "validation": "plain_test", "detector": "sift"}
    space.config["trainings"]["hndesc_detected"] = detected
    space.write_config()
    network = NETWORK.replace("hndesc_mine", "hndesc_detected")
    assert space.planned([network]) == {"detect_chunk": 3, "train": 1}
    space.run(targets=[network])
    rows = list(csv.DictReader((space.folder / network).with_name("history.csv").open()))
    assert len(rows) == 2 and all(float(row["points"]) > 5 for row in rows)
    assert space.planned([network]) == {}
    # Without a detector, the missing files are named.
    space.config["trainings"]["hndesc_detected"] = {**detected, "detector": None}
    space.write_config()
    output = space.snakemake("--cores", "1", targets=[network], check=False)
    assert "kpts/superpoint/" in output and "name a detector that finds keypoints" in output


@pytest.fixture(scope="module")
def miniature(tmp_path_factory):
    config = yaml.safe_load((ROOT / "config" / "mini.yaml").read_text())
    return Workspace(tmp_path_factory.mktemp("miniature"), {**config, "training_seed_study": [1984, 1, 2]})


@pytest.mark.long
def test_training_beats_the_initialisation_with_any_seed(miniature):
    study = TABLE.replace(".csv", ".seeds.csv")
    miniature.run(targets=[TABLE, study])
    scores = {}
    for experiment in ("hndesc_r2d2_untrained_sequences", "hndesc_r2d2_trained_sequences"):
        for seed in ("", ".training1", ".training2"):
            path = miniature.folder / f"results/mini/evaluations/{experiment}{seed}/hpatches_sequences.json"
            found = {(s["metric"], s["group"]): s["value"] for s in json.loads(path.read_text())["scores"]}
            scores[experiment, seed] = found["MMA@3", "average"]
    for seed in ("", ".training1", ".training2"):
        assert scores["hndesc_r2d2_trained_sequences", seed] > scores["hndesc_r2d2_untrained_sequences", seed]
    with (miniature.folder / study).open() as file:
        assert {row["seeds_of"] for row in csv.DictReader(file)} == {"training"}
