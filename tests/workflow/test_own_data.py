"""Data of one's own: features that were computed elsewhere, up to a table of mAP, and lists without ground truth."""

import copy
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from own_features_data import write_features

from reprise.formats.features import open_features
from reprise.formats.rankings import read_ranking

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


@pytest.fixture
def served(own):
    """The folder of an HTTP server, and its address."""
    folder = own.folder / "served"
    folder.mkdir(exist_ok=True)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield folder, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_weights_of_ones_own_are_downloaded_or_files(own, served):
    folder, address = served
    weights = own.folder / "results/models/how_tiny/best.pth"
    shutil.copy(weights, folder / "weights.pth")
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    source = {"file": "own/weights.pth", "urls": [f"{address}/weights.pth"], "sha256": digest, "licence": "MIT"}
    tiny = own.config["extractors"]["how_tiny"]
    before = copy.deepcopy(own.config)
    own.config["sources"] = {"own_weights": source}
    own.config["checkpoints"]["own"] = {"source": "own_weights"}
    own.config["extractors"] |= {
        "fetched": {**tiny, "checkpoint": "own"}, "filed": {**tiny, "checkpoint": str(weights)},
    }  # fmt: skip
    own.write_config()
    features = [f"results/features/{name}/landmarks/queries.h5" for name in ("fetched", "filed", "how_tiny")]
    try:
        assert own.planned(targets=features) == {"download": 1, "extract_chunk": 2, "merge_features": 2}
        listed = subprocess.run(
            [sys.executable, "-m", "reprise.cli.main", "downloads", features[0], "--configfile", "tiny.yaml"],
            cwd=own.folder, env=own.environment(), text=True, capture_output=True, check=True,
        )  # fmt: skip
        assert "Licence: MIT" in listed.stdout and "own/weights.pth" in listed.stdout
        own.run(targets=features)
        read = [open_features(own.folder / file).block(0, 4).descriptors for file in features]
        np.testing.assert_array_equal(read[0], read[2])
        np.testing.assert_array_equal(read[1], read[2])
        # A file in place of a name is an input: a newer one makes its features stale.
        os.utime(weights)
        assert own.planned(targets=features[1:2])["extract_chunk"] == 1
        own.config["extractors"]["filed"]["checkpoint"] = "nowhere/weights.pth"
        own.write_config()
        said = own.snakemake("-n", targets=features[1:2], check=False)
        assert "extractors.filed.checkpoint: there is no file 'nowhere/weights.pth'" in said
    finally:
        own.config.clear()
        own.config.update(before)
        own.write_config()
