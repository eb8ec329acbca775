"""Keypoints that are detected once and described by several descriptors, on small landmarks."""

import pytest
from workspace import Workspace, tiny_config

from reprise.formats.features import open_features

pytestmark = pytest.mark.workflow
FEATURES = [f"results/features/{name}/landmarks/{split}.h5" for name in ("sift", "described", "inline")
            for split in ("database", "queries")]  # fmt: skip
DETECTOR = {"type": "sift", "upright": True}
PREPARATION = {"image_size": 150, "num_features": 60}
PASSING = "results/evaluations/described/landmarks+passing.json"


@pytest.fixture(scope="module")
def detected(tmp_path_factory):
    """A workspace with the features of three extractors, two of which describe the same keypoints."""
    tiny = tiny_config()
    config = {"datasets": {name: tiny["datasets"][name] for name in ("landmarks", "passing", "landmarks_list")}}
    for name in ("landmarks", "landmarks_list"):
        config["datasets"][name] |= {"undecodable": "skip", "chunks": 1}
    config["enlarged"] = tiny["enlarged"]
    config["detectors"] = {"upright": {**DETECTOR, **PREPARATION}}
    config["descriptors"] = {"rootsift_41": {"type": "rootsift"}}
    config["extractors"] = {
        "sift": {"type": "detected", "detector": "upright", "descriptor": {"type": "sift"}},
        "described": {"type": "detected", "detector": "upright", "descriptor": "rootsift_41"},
        "inline": {"type": "detected", "detector": DETECTOR, "descriptor": {"type": "rootsift"}, **PREPARATION},
    }
    config["codebooks"] = {"described": {**tiny["codebooks"]["sift_tiny"], "extractor": "described"}}
    config["experiments"] = {
        "described": {**tiny["experiments"]["sift_tiny"], "extractor": "described", "codebook": "described"},
    }
    config["tables"] = {"tiny": {"title": "Tiny", "experiments": ["described"], "datasets": ["landmarks"]}}
    space = Workspace(tmp_path_factory.mktemp("detected") / "workspace", config)
    space.draw()
    (space.folder / "landmarks/jpg/landmark2_1.jpg").write_text("no image")
    plan = space.planned(targets=FEATURES)
    assert plan == {"detect_chunk": 2, "describe_chunk": 4, "extract_chunk": 2, "merge_features": 6}
    space.run(targets=FEATURES)
    return space


def test_the_features_are_those_of_one_stage(detected):
    for split in ("database", "queries"):
        folder = detected.folder / "results/features"
        with (
            open_features(folder / f"described/landmarks/{split}.h5") as two,
            open_features(folder / f"inline/landmarks/{split}.h5") as one,
        ):
            assert two.names == one.names and two.skipped == one.skipped
            assert two.skipped == (["landmark2_1"] if split == "database" else [])
            assert two.counts().max() == 60
            for key in ("descriptors", "keypoints", "scales", "scores", "affine"):
                first, second = (getattr(file.block(0, len(file)), key) for file in (two, one))
                assert first.dtype == second.dtype and first.tobytes() == second.tobytes()
    keypoints = detected.folder / "results/keypoints/upright/landmarks"
    assert {path.name for path in keypoints.glob("*.h5")} == {"database.1-of-1.h5", "queries.1-of-1.h5"}


def test_another_descriptor_detects_nothing_again(detected):
    described = {"describe_chunk": 2, "merge_features": 2}
    detected.config["extractors"]["sift"]["descriptor"]["measurement_region"] = 4.0
    detected.write_config()
    planned = detected.planned(targets=FEATURES)
    detected.config["extractors"]["sift"]["descriptor"].pop("measurement_region")
    detected.config["descriptors"]["rootsift_41"]["measurement_region"] = 4.0
    detected.write_config()
    also_planned = detected.planned(targets=FEATURES)
    detected.config["descriptors"]["rootsift_41"].pop("measurement_region")
    detected.config["detectors"]["upright"]["upright"] = False
    detected.write_config()
    all_planned = detected.planned(targets=FEATURES)
    detected.config["detectors"]["upright"]["upright"] = True
    detected.write_config()
    assert planned == also_planned == described and detected.planned(targets=FEATURES) == {}
    assert all_planned == {"detect_chunk": 2, "describe_chunk": 4, "merge_features": 4}


def test_an_edit_of_a_descriptor_detects_nothing_again(detected):
    path = detected.folder / "src/reprise/descriptors/rootsift.py"
    before = path.read_text()
    path.write_text(f"{before}\n_ADDED = 1\n")
    planned = detected.planned(targets=FEATURES)
    path.write_text(before)
    assert planned == {"describe_chunk": 2, "extract_chunk": 2, "merge_features": 4}


def test_keypoints_and_features_of_distractors_are_dropped(detected):
    detected.run(targets=[PASSING])
    for kind in ("keypoints/upright", "features/described"):
        assert not list((detected.folder / "results" / kind / "passing").glob("*.h5"))
    assert (detected.folder / "results/indexes/described/passing").is_dir()
    assert detected.planned(targets=[PASSING]) == {}


def test_the_descriptors_of_hardnet_share_the_keypoints_of_oxford_and_paris(detected):
    planned, chunks = detected.planned(targets=["results/hardnet_oxford5k.csv"]), 16 + 16 + 1
    assert planned["detect_chunk"] == 2 * chunks and planned["describe_chunk"] == (6 + 1) * chunks
    assert planned["train_codebook"] == 7 + 4 and planned["evaluate"] == 7 * 4 + 3 * 2 + 1
