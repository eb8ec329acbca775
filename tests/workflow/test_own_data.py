"""Data of one's own: features that were computed elsewhere, up to a table of mAP, and lists without ground truth."""

import copy
import json
import os
import shutil

import h5py
import numpy as np
import pytest

from reprise.extractors import load_extractor
from reprise.formats.rankings import read_ranking
from reprise.untrusted.pickles import load_pickle

pytestmark = pytest.mark.workflow
TABLE = ["results/own.csv"]
ASKED = [f"results/galleries/{name}/asked.html" for name in ("sift_tiny", "own_global.search")]
BOX = "8\t8\t180\t130"


@pytest.fixture(scope="module")
def own(finished, tmp_path_factory):
    """The finished workspace, with features of sift_tiny as other programs would write them, and a table of them."""
    space = copy.copy(finished)
    space.folder = tmp_path_factory.mktemp("own") / "workspace"
    space.config = copy.deepcopy(finished.pristine_config)
    shutil.copytree(finished.pristine, space.folder, symlinks=True)
    write_features(space.folder)
    h5 = {"landmarks": "theirs/local.h5", "landmarks_list": "theirs/local.h5"}
    space.config["extractors"] |= {
        "own_local": {"type": "files", "local_files": h5, "box": "crop", "dim": 128},
        "own_global": {
            "type": "files", "global_files": dict.fromkeys(("landmarks", "asked"), "theirs/vectors"), "box": "crop",
        },
    }  # fmt: skip
    (space.folder / "asked.txt").write_text(f"landmark3_0.png\nlandmark0_0.jpg\t{BOX}\n")
    shutil.copy(space.folder / "landmarks/jpg/landmark3_0.jpg", space.folder / "landmarks/jpg/landmark3_0.png")
    space.config["datasets"]["asked"] = {**space.config["datasets"]["landmarks_list"], "queries": "asked.txt"}
    space.config["codebooks"]["own"] = {**space.config["codebooks"]["sift_tiny"], "extractor": "own_local"}
    space.config["neighbors"] = {"own": {"extractor": "own_global", "descriptor": "global"}}
    space.config["rerankers"] = {"own": {"scorer": "homography", "extractor": "own_local", "chunks": 1}}
    tiny = space.config["experiments"]["sift_tiny"]
    space.config["experiments"] |= {
        "own_asmk": {**tiny, "method": "Own, ASMK*", "extractor": "own_local", "codebook": "own"},
        "own_global": {
            "method": "Own, global + H", "search": "global", "neighbors": "own",
            "steps": {"homography": {"rerank": "own", "shortlist": 5}},
        },
    }  # fmt: skip
    space.config["tables"]["own"] = {
        "title": "Own features", "experiments": ["own_asmk", "own_global"], "datasets": ["landmarks"],
    }  # fmt: skip
    space.write_config()
    space.run(targets=TABLE)
    return space


def write_features(folder):
    """One HDF5 file in the layout of hloc, and a global descriptor for each image in a NumPy file."""
    extractor = load_extractor("rootsift", image_size=None, num_features=300)
    truth = load_pickle(folder / "landmarks" / "gnd_landmarks.pkl")
    boxes = {name: entry["bbx"] for name, entry in zip(truth["qimlist"], truth["gnd"], strict=True)}
    (folder / "theirs" / "vectors").mkdir(parents=True)
    with h5py.File(folder / "theirs" / "local.h5", "w") as file:
        for name in [*truth["imlist"], *truth["qimlist"]]:
            found = extractor.extract(folder / "landmarks" / "jpg" / f"{name}.jpg", boxes.get(name))
            corner = np.array(boxes.get(name, (0, 0))[:2])
            group = file.create_group(f"{name}.jpg")
            group["keypoints"] = found.keypoints - 0.5 - corner
            group["descriptors"], group["scores"] = found.descriptors.T, found.scores
            np.save(folder / "theirs" / "vectors" / f"{name}.npy", 3 * found.descriptors.mean(axis=0))


def ranking(space, experiment):
    return read_ranking(space.folder / f"results/rankings/{experiment}/landmarks.h5")


def test_the_same_features_give_the_same_ranking_whoever_computed_them(own):
    before, after = ranking(own, "sift_tiny"), ranking(own, "own_asmk")
    for protocol, ranked in before.lists.items():
        np.testing.assert_array_equal(ranked.ranks, after.list_of(protocol).ranks)
        np.testing.assert_array_equal(ranked.scores, after.list_of(protocol).scores)
    scores = [
        [(score["group"], score["value"]) for score in json.loads(path.read_text())["scores"]]
        for path in (own.folder / f"results/evaluations/{name}/landmarks.json" for name in ("sift_tiny", "own_asmk"))
    ]
    assert scores[0] == scores[1]
    assert "Own, global + H" in (own.folder / TABLE[0]).read_text()
    assert "have no features" not in (own.folder / "results/own.md").read_text()


def test_global_descriptors_are_ranked_by_the_cosine_of_their_angles(own):
    found = ranking(own, "own_global.search")
    vectors = {path.stem: np.load(path) for path in (own.folder / "theirs/vectors").iterdir()}
    unit = {name: vector / np.linalg.norm(vector) for name, vector in vectors.items()}
    for query in found.query_names:
        expected = {name: float(unit[query] @ unit[name]) for name in found.database_names}
        for name, score in found.of(query):
            assert score == pytest.approx(expected[name], abs=1e-5)


def test_a_changed_file_makes_stale_what_depends_on_it_alone(own):
    assert own.planned(targets=TABLE) == {}
    vector = own.folder / "theirs/vectors/landmark1_1.npy"  # of the first chunk of the database
    before = vector.read_bytes(), vector.stat().st_mtime_ns
    np.save(vector, np.load(vector)[::-1])
    try:
        planned = own.planned(targets=TABLE)
        assert planned["import_chunk"] == 1 and planned["find_neighbors"] == 1
        assert not planned.keys() & {"train_codebook", "aggregate_chunk", "search"}
    finally:
        vector.write_bytes(before[0])
        os.utime(vector, ns=(before[1], before[1]))
    assert own.planned(targets=TABLE) == {}


def test_a_missing_file_is_named_before_anything_runs(own):
    vector = own.folder / "theirs/vectors/landmark2_1.npy"
    hidden = vector.rename(vector.with_suffix(".gone"))
    try:
        said = own.snakemake("-n", targets=TABLE, check=False)
    finally:
        hidden.rename(vector)
    assert "theirs/vectors: has no features of 'landmark2_1' (1 of 8 images have none)" in said
    assert "'landmark2_1.jpg.npy' or 'landmark2_1.npy'" in said


@pytest.mark.parametrize(
    ("section", "name", "change", "message"),
    [
        ("extractors", "own_local", {"box": None}, "own_local.box: 4 queries have a box"),
        ("extractors", "own_local", {"local_files": {"landmarks_list": "x.h5"}}, "files has no 'queries' of landmarks"),
        ("codebooks", "own", {"extractor": "own_global"}, "codebooks.own.extractor: needs descriptors, which features"),
        ("neighbors", "own", {"extractor": "own_local"}, "own_local gives no global descriptor 'global'"),
    ],
)  # fmt: skip
def test_what_files_lack_is_said_before_anything_runs(own, section, name, change, message):
    before = own.config[section][name]
    own.config[section][name] = {**before, **change}
    own.write_config()
    try:
        assert message in own.snakemake("-n", targets=TABLE, check=False)
    finally:
        own.config[section][name] = before
        own.write_config()


def test_a_list_is_searched_for_the_queries_of_another_one(own):
    own.run(targets=ASKED)
    for name in ("sift_tiny", "own_global.search"):
        found = read_ranking(own.folder / f"results/rankings/{name}/asked.h5")
        assert found.query_names == ["landmark3_0.png", "landmark0_0.jpg"] and len(found.database_names) == 8
        # The same images, boxes and features as those of the benchmark, so that the scores are the same.
        expected = dict(ranking(own, name).of("landmark0_0"))
        scores = {image.partition(".")[0]: score for image, score in found.of("landmark0_0.jpg")}
        assert scores == pytest.approx({image: expected[image] for image in scores})
    # Other queries leave what was made of the database as it is.
    (own.folder / "asked.txt").write_text("landmark3_0.png\n")
    planned = own.planned(targets=ASKED)
    assert planned["extract_chunk"] == 1 and "aggregate_chunk" not in planned and "train_codebook" not in planned


@pytest.mark.parametrize("target", ["results/evaluations/sift_tiny/asked.json", TABLE[0]])
def test_what_has_no_truth_is_not_planned_to_be_evaluated(own, target):
    own.config["tables"]["own"]["datasets"].append("asked")
    if target != TABLE[0]:
        own.config["tables"]["own"]["datasets"].pop()
    own.write_config()
    try:
        said = own.snakemake("-n", targets=[target], check=False)
    finally:
        own.config["tables"]["own"]["datasets"] = ["landmarks"]
        own.write_config()
    assert "'asked' has no ground truth to evaluate with" in said and "galleries/<experiment>/asked.html" in said
