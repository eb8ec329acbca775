"""Bags of words, Hamming embedding and spatial verification as experiments, on the small landmarks."""

import csv
import json

import numpy as np
import pytest

from reprise.bow import BagOfWords
from reprise.codebooks import Codebook
from reprise.formats.features import open_features
from reprise.formats.rankings import ALL, read_ranking

pytestmark = pytest.mark.workflow
TARGET = ["results/engines.csv"]
SHARED = {"extractor": "sift_tiny", "codebook": "sift_tiny"}
OVERLAY = {
    "rerankers": {
        "sift_nearest": {"scorer": "affine", "extractor": "sift_tiny", "chunks": 2},
        "sift_words": {"scorer": "affine_words", **SHARED, "chunks": 1},
    },
    "experiments": {
        "bow": {"method": "BoW", "search": "bow", **SHARED},
        "bow_sv": {"method": "BoW + SV", "ranking": "bow", "steps": {"sv": {"rerank": "sift_nearest", "shortlist": 8}}},
        "bow_sv_words": {
            "method": "BoW + SV by words", "ranking": "bow",
            "steps": {"sv": {"rerank": "sift_words", "shortlist": 8, "most": 1000}},
        },
        "he": {"method": "HE", "search": "hamming", **SHARED, "num_features": 200},
        "hqe": {"like": "he", "method": "HQE", "hamming": {"expansion": {"least": 5}}},
        "sift_sv": {
            "like": "sift_tiny", "method": "ASMK* + SV", "steps": {"sv": {"rerank": "sift_nearest", "shortlist": 8}},
        },
    },
    "tables": {
        "engines": {
            "title": "Engines", "experiments": ["bow", "bow_sv", "bow_sv_words", "he", "hqe", "sift_tiny", "sift_sv"],
            "datasets": ["landmarks"],
        },
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def engines(finished, tmp_path_factory):
    """A workspace in which the table of all engines was made."""
    import copy
    import shutil

    space = copy.copy(finished)
    space.folder = tmp_path_factory.mktemp("engines") / "workspace"
    space.config = copy.deepcopy(finished.pristine_config)
    shutil.copytree(finished.pristine, space.folder, symlinks=True)
    for section, entries in OVERLAY.items():
        space.config.setdefault(section, {}).update(copy.deepcopy(entries))
    space.write_config()
    space.run(targets=TARGET)
    return space


def ranking(space, experiment):
    return read_ranking(space.folder / f"results/rankings/{experiment}/landmarks.h5")


def test_all_engines_have_a_row(engines):
    with (engines.folder / TARGET[0]).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["protocol"] == "medium"]
    measured = {row["method"]: float(row["measured"]) for row in rows}
    assert len(measured) == 7 and min(measured.values()) > 25, measured
    assert all(int(row["index_bytes"]) > 0 for row in rows)
    # The views of a landmark are related by similarities, which verification finds.
    assert measured["BoW + SV"] > 95 and measured["ASMK* + SV"] > 95, measured
    for experiment in ("bow", "bow_sv", "he", "hqe"):
        scores = json.loads((engines.folder / f"results/evaluations/{experiment}/landmarks.json").read_text())["scores"]
        assert {"mAP", "mP@1", "index bytes"} <= {score["metric"] for score in scores}


def test_the_ranking_is_that_of_the_library(engines):
    results = engines.folder / "results"
    codebook = Codebook.load(results / "codebooks/sift_tiny.h5")
    parts = {}
    for split in ("database", "queries"):
        with open_features(results / f"features/sift_tiny/landmarks/{split}.h5") as file:
            descriptors, ids = file.read_rows(0, len(file))
            parts[split] = codebook.assign(descriptors)[:, 0], ids
    index = BagOfWords.build(*parts["database"], codebook.size, n_images=8)
    expected = index.search(index.vectors(*parts["queries"], 4))
    found = ranking(engines, "bow").lists[ALL]
    np.testing.assert_array_equal(found.ranks, expected.ranks)
    np.testing.assert_allclose(found.scores, expected.scores, atol=1e-12)


def test_verified_images_have_their_inliers_as_scores(engines):
    for experiment in ("bow_sv", "bow_sv_words", "sift_sv"):
        after = ranking(engines, experiment)
        assert after.reranked == 8
        scores = after.lists["medium"].scores
        assert (scores == scores.round()).all() and (np.diff(scores, axis=1) <= 0).all() and scores.max() >= 4
    assert (ranking(engines, "bow_sv").lists["medium"].scores[:, 0] >= 15).all()


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("experiments", "bow", "bow"), {"query_assignments": 2}, {"search_bow": 1, "score_pairs": 3, "rerank": 2}),
        (("experiments", "hqe", "hamming"), {"expansion": {"least": 6}}, {"search_hamming": 1}),
        (("experiments", "he", "hamming"), {"bits": 64}, {"train_embedding": 2, "build_hamming": 2, "search_hamming": 2}),
        (
            ("experiments", "bow_sv", "steps", "sv"), {"rerank": "sift_nearest", "shortlist": 8, "least": 6},
            {"rerank": 1},
        ),
        (
            ("experiments", "bow_sv_words", "steps", "sv"), {"rerank": "sift_words", "shortlist": 8, "threshold": 5.0},
            {"score_pairs": 1, "rerank": 1},
        ),
    ],
)  # fmt: skip
def test_a_setting_makes_stale_what_it_changes(engines, path, value, expected):
    import copy

    before = copy.deepcopy(engines.config)
    entry = engines.config
    for key in path[:-1]:
        entry = entry[key]
    entry[path[-1]] = value
    engines.write_config()
    planned = engines.planned(targets=TARGET)
    engines.config = before
    engines.write_config()
    assert {rule: count for rule, count in planned.items() if rule not in ("evaluate", "table")} == expected
    assert engines.planned(targets=TARGET) == {}


def test_idf_of_a_database_is_not_that_of_distractors(engines):
    import copy

    before = copy.deepcopy(engines.config)
    for experiment in ("bow_sv", "he"):
        engines.config["tables"]["engines"] |= {"experiments": [experiment], "datasets": ["landmarks+passing"]}
        engines.write_config()
        output = engines.snakemake("-n", targets=TARGET, check=False)
        assert f"{experiment} uses idf, whose weights depend on all images" in output
    engines.config = before
    engines.write_config()
