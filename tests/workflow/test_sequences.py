"""Sequences of one's own, from images to the table and the figure, and what the miniature plans."""

import csv
import json

import cv2
import numpy as np
import pytest
import yaml
from paths import ROOT
from workspace import Workspace

TARGETS = ["results/sequences.csv", "results/figures/accuracies.pdf"]
MINIATURE = ["results/mini/hndesc_hpatches.csv", "results/mini/figures/hpatches_mma.pdf"]
pytestmark = pytest.mark.workflow


def draw_sequences(folder):
    """Two sequences of 200 x 150 pixels: of one pattern that is warped, and of one that becomes darker."""
    rng = np.random.default_rng(0)
    for name in ("v_tiles", "i_lamp"):
        (folder / name).mkdir(parents=True)
        small = rng.integers(0, 255, (30, 40, 3), np.uint8)
        pattern = cv2.GaussianBlur(cv2.resize(small, (200, 150), interpolation=cv2.INTER_NEAREST), (0, 0), 1.0)
        for image in range(6):
            homography = np.eye(3)
            if name == "v_tiles":
                turn = cv2.getRotationMatrix2D((100, 75), 4.0 * image, 1 - 0.05 * image)
                homography = np.vstack([turn, [1e-4 * image, 0, 1]])
            seen = cv2.warpPerspective(pattern, homography, (200, 150))
            cv2.imwrite(str(folder / name / f"{image + 1}.ppm"), (seen * (1 - 0.12 * image)).astype(np.uint8))
            if image:
                np.savetxt(folder / name / f"H_1_{image + 1}", homography)


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    config = {
        "datasets": {"own": {"layout": "hpatches_sequences", "folder": "own", "chunks": 1}},
        "tables": {
            "sequences": {
                "title": "Own sequences",
                "experiments": ["rootsift_sequences"],
                "datasets": ["own"],
                "protocols": [],
                "metrics": {"MMA@3": ["v", "i", "average"], "homography@3": ["total"], "matching score": ["total"]},
            }
        },
        "figures": {"accuracies": {"table": "sequences", "dataset": "own"}},
    }
    space = Workspace(tmp_path_factory.mktemp("sequences"), config)
    draw_sequences(space.folder / "own")
    return space


def test_sequences_of_ones_own_are_matched(space):
    plan = {
        "detect_chunk": 2, "describe_chunk": 2, "merge_features": 2, "match_sequences": 1, "evaluate_matching": 1,
        "table": 1, "draw_accuracies": 1,
    }  # fmt: skip
    assert space.planned(TARGETS) == plan
    space.run(targets=TARGETS)
    assert space.planned(TARGETS) == {}
    with (space.folder / TARGETS[0]).open() as file:
        cells = {(cell["metric"], cell["group"]): float(cell["measured"]) for cell in csv.DictReader(file)}
    assert cells["MMA@3", "average"] == pytest.approx((cells["MMA@3", "v"] + cells["MMA@3", "i"]) / 2, abs=0.02)
    assert cells["MMA@3", "v"] > 80 and cells["MMA@3", "i"] > 80 and cells["homography@3", "total"] == 100
    evaluation = json.loads((space.folder / "results/evaluations/rootsift_sequences/own.json").read_text())
    assert evaluation["queries"][-1] == "v_tiles/1-6" and len(evaluation["per_query"]["MMA@3"]["all"]) == 10
    assert (space.folder / TARGETS[1]).read_bytes().startswith(b"%PDF")
    # Another limit matches again, and extracts nothing again; another list of sequences is another list of images.
    space.config["experiments"] = {"rootsift_sequences": {"max_distance": 0.8}}
    space.write_config()
    again = space.planned(TARGETS)
    space.config["datasets"]["own"]["excluded"] = ["i_lamp"]
    space.write_config()
    without = space.planned(TARGETS)
    del space.config["experiments"], space.config["datasets"]["own"]["excluded"]
    space.write_config()
    assert again == {"match_sequences": 1, "evaluate_matching": 1, "table": 1, "draw_accuracies": 1}
    assert without == plan


def test_a_homography_that_is_none_ends_the_run_with_its_name(space):
    path = space.folder / "own/v_tiles/H_1_3"
    before = path.read_text()
    path.write_text("1 2 3\n2 4 6\n0 0 1\n")
    try:
        assert "v_tiles/H_1_3: is a singular matrix" in space.snakemake("-n", targets=TARGETS, check=False)
    finally:
        path.write_text(before)


def test_the_miniature_needs_no_published_weights(tmp_path):
    mini = Workspace(tmp_path / "mini", yaml.safe_load((ROOT / "config" / "mini.yaml").read_text()))
    jobs = mini.planned(MINIATURE)
    rows = 2
    assert jobs["match_sequences"] == jobs["evaluate_matching"] == rows and jobs["merge_features"] == 2 * rows
    assert (jobs["draw_miniature"], jobs["train"]) == (2, 1)


@pytest.mark.long
def test_matching_the_miniature_is_plausible(tmp_path):
    mini = Workspace(tmp_path / "mini", yaml.safe_load((ROOT / "config" / "mini.yaml").read_text()))
    mini.run(targets=MINIATURE)
    with (mini.folder / MINIATURE[0]).open() as file:
        cells = [cell for cell in csv.DictReader(file) if cell["metric"] == "MMA@3"]
    accuracies = {(cell["method"], cell["group"]): float(cell["measured"]) for cell in cells}
    assert len(accuracies) == 6
    for (_, group), value in accuracies.items():
        assert value > {"v": 75, "i": 50, "average": 65}[group]
    assert {cell["verdict"] for cell in cells} == {"not comparable"}
