"""Localization in the workflow: from a COLMAP model of one's own to a table, and what of it is planned for Aachen."""

import csv
import json
import shutil
import zipfile

import numpy as np
import pytest
import yaml
from paths import ROOT
from workspace import Workspace

from reprise.formats.located import read_located
from reprise.localization.database import read_database
from reprise.mini.releases.mirror import draw_mirror
from reprise.mini.world.sizes import MiniParameters

TABLE = "results/castle.csv"
AACHEN = "results/mini/localization.csv"


def config():
    return {
        "datasets": {
            "castle": {"layout": "colmap", "folder": "castle", "model": "sparse/0", "held_out_every": 4, "chunks": 1}
        },
        "extractors": {"sift_castle": {"type": "rootsift", "image_size": None, "num_features": 1000}},
        "codebooks": {"castle": {"extractor": "sift_castle", "dataset": "castle", "size": 64, "iterations": 3}},
        "matchings": {"castle": {"extractor": "sift_castle", "retrieval": "castle", "covisible": 4, "chunks": 2}},
        "experiments": {
            "castle": {"method": "ranking", "search": "asmk", "extractor": "sift_castle", "codebook": "castle"},
            "castle_poses": {"method": "SIFT", "search": "localization", "matching": "castle"},
        },
        "tables": {
            "castle": {
                "title": "Castle", "experiments": ["castle_poses"], "datasets": ["castle"], "protocols": [],
                "metrics": {
                    "localized within 0.5 m, 5 deg": ["held-out"], "pose found": ["held-out"],
                    "median position error": ["held-out"],
                },
            },
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A workspace with one building of the miniature as a model of one's own."""
    folder = tmp_path_factory.mktemp("localization")
    draw_mirror(folder / "mirror", ["aachen"], seed=3, parameters=MiniParameters(landmarks=4, views=8, image_size=320))
    made = Workspace(folder / "space", config())
    for archive in sorted((folder / "mirror").rglob("*.zip")):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder / "release")
    shutil.copytree(folder / "release" / "images_upright", made.folder / "castle" / "images")
    shutil.copytree(folder / "release" / "3D-models" / "aachen_v_1_1", made.folder / "castle" / "sparse" / "0")
    return made


@pytest.fixture(scope="module")
def localized(space):
    space.run(targets=[TABLE])
    return space


@pytest.mark.workflow
def test_images_held_out_of_a_model_of_ones_own_are_located(localized):
    with (localized.folder / TABLE).open() as file:
        cells = {cell["metric"]: float(cell["measured"]) for cell in csv.DictReader(file)}
    assert cells["localized within 0.5 m, 5 deg"] >= 50
    assert cells["pose found"] >= cells["localized within 0.5 m, 5 deg"]
    assert cells["median position error"] < 0.5


@pytest.mark.workflow
def test_every_step_is_a_file(localized):
    results = localized.folder / "results"
    pairs = [line.split() for line in (results / "pairs_of_images/castle/castle.txt").read_text().splitlines()]
    assert len({frozenset(pair) for pair in pairs}) == len(pairs)
    located = read_located(results / "poses/castle_poses/castle.json")
    assert list(located) == ["db/0002.jpg", "db/0006.jpg", "sequences/nexus4_sequences/sequence_1/0010.jpg"]
    stored = read_database(results / "reconstructions/castle_poses/castle/database.db")
    assert list(stored.numbers)[-3:] == list(located) and len(stored.numbers) == 10
    log = (results / "logs/triangulate/castle_poses/castle.log").read_text()
    assert "num_points3D" in log  # what COLMAP prints is there


@pytest.mark.workflow
def test_settings_of_poses_locate_again_and_triangulate_nothing(localized):
    localized.config["experiments"]["castle_poses"]["localization"] = {"min_inliers": 15}
    localized.write_config()
    assert localized.planned([TABLE]) == {"localize": 1, "evaluate_localization": 1, "table": 1}
    localized.config["experiments"]["castle_poses"]["localization"] = {"filter_max_reproj_error": 3.0}
    localized.write_config()
    assert set(localized.planned([TABLE])) == {"triangulate", "localize", "evaluate_localization", "table"}
    del localized.config["experiments"]["castle_poses"]["localization"]
    localized.write_config()


@pytest.mark.workflow
def test_a_chunk_of_matches_that_is_missing_is_matched_alone(localized):
    chunk = "results/matches/castle/castle/2-of-2.h5"
    (localized.folder / chunk).rename(localized.folder / "kept.h5")
    assert localized.planned([chunk]) == {"match_chunk": 1}
    (localized.folder / "kept.h5").rename(localized.folder / chunk)


@pytest.mark.workflow
def test_a_model_that_is_truncated_stops_the_plan_with_one_message(localized):
    path = localized.folder / "castle/sparse/0/images.bin"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    output = localized.snakemake("-n", targets=[TABLE], check=False)
    path.write_bytes(whole)
    assert "images.bin: ends at byte" in output and "Traceback" not in output


@pytest.mark.workflow
def test_aachen_is_planned_with_lists_for_its_queries_and_rankings_for_images_held_out(tmp_path):
    space = Workspace(tmp_path / "space", yaml.safe_load((ROOT / "config" / "mini.yaml").read_text()))
    jobs = space.planned([AACHEN, "results/mini/submissions/sift_rootsift_poses/aachen_v1_1.txt"])
    assert jobs["draw_miniature"] == 1 and jobs["search"] == 1 and jobs["list_pairs"] == 2
    assert jobs["triangulate"] == jobs["localize"] == 4 and jobs["submission"] == 1


@pytest.mark.long
def test_aachen_of_the_miniature_is_located(tmp_path):
    space = Workspace(tmp_path / "space", yaml.safe_load((ROOT / "config" / "mini.yaml").read_text()))
    submission = "results/mini/submissions/sift_rootsift_poses/aachen_v1_1.txt"
    space.run(targets=[AACHEN, submission])
    with (space.folder / AACHEN).open() as file:
        cells = {
            (cell["method"], cell["dataset"], cell["metric"], cell["group"]): cell for cell in csv.DictReader(file)
        }
    for method in ("SIFT + RootSIFT", "SIFT + RootSIFT, as published"):
        shares = cells[method, "aachen_v1_1_held_out", "localized within 0.5 m, 5 deg", "held-out"]
        assert float(shares["measured"]) >= 50
        for group in ("day", "night"):
            assert cells[method, "aachen_v1_1", "localized within 0.5 m, 5 deg", group]["measured"] == ""
    # The poses of the queries are not part of the release; the miniature knows them.
    cameras = json.loads((space.folder / "data/mini/mirror/aachen.cameras.json").read_text())["aachen"]
    centres = {name.rpartition("/")[2]: -np.transpose(camera["R"]) @ camera["t"] for name, camera in cameras.items()}
    lines = [line.split() for line in (space.folder / submission).read_text().splitlines()]
    assert len(lines) >= 6
    near = 0
    for name, *numbers in lines:
        w, x, y, z, *t = map(float, numbers)
        turned = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
                [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
                [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
            ]
        )
        near += np.linalg.norm(-turned.T @ t - centres[name]) < 0.5
    assert near / 8 >= 0.5
