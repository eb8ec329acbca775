"""Bags of words, Hamming embedding, spatial verification and query expansion as experiments, on small landmarks."""

import copy
import csv
import json
import re

import numpy as np
import pytest
from workspace import Workspace, tiny_config

from reprise.bow import BagOfWords
from reprise.codebooks import Codebook
from reprise.formats.features import open_features
from reprise.formats.rankings import ALL, read_ranking

pytestmark = pytest.mark.workflow
TARGET = ["results/engines.csv", "results/times.csv"]
DATASETS = ("landmarks", "landmarks_list")
SHARED = {"extractor": "sift_tiny", "codebook": "sift_tiny"}
BY_WORDS = {"rerank": "sift_words", "shortlist": 8, "most": 1000}
EXPAND = {"expand": "sift_words", "images": 4, "least": 8, "most": 1000}
SEARCHED = {"bow_sv_qe": "bow"}
PROTOCOLS = {"bow_sv_qe": ["easy", "medium", "hard"]}
EXPERIMENTS = {
    "bow": {"method": "BoW", "search": "bow", **SHARED},
    "bow_sv": {"method": "BoW + SV", "ranking": "bow", "steps": {"sv": {"rerank": "sift_nearest", "shortlist": 8}}},
    "bow_sv_qe": {
        "method": "BoW + SV + QE", "ranking": "bow",
        "steps": {"sv": BY_WORDS, "qe": dict(EXPAND)},
    },
    "asmk_qe": {"method": "ASMK* + QE", "search": "asmk", **SHARED, "num_features": 300, "steps": {"qe": dict(EXPAND)}},
    "hqe_sp": {"method": "HQE-SP", "search": "hamming", **SHARED, "steps": {"qe": dict(EXPAND)}},
    "global_qe": {
        "method": "mean + alpha QE", "search": "global", "neighbors": "mean_sift",
        "steps": {"qe": {"expand": "mean_sift", "images": 2}},
    },
    "hqe": {
        "method": "HQE", "search": "hamming", **SHARED, "num_features": 200, "hamming": {"expansion": {"least": 5}},
    },
}  # fmt: skip
# An extractor of one's own, with a global descriptor that needs no network: the mean of all RootSIFT.
MEAN_SIFT = """
from dataclasses import replace

import numpy as np

from reprise.extractors import rootsift


class Settings(rootsift.Settings):
    def global_descriptors(self):
        return ("mean",)


class Extractor(rootsift.Extractor):
    global_dims = {"mean": 128}

    def features(self, loaded):
        found = super().features(loaded)
        mean = found.descriptors.mean(axis=0, dtype=np.float64)
        return replace(found, global_descriptors={"mean": (mean / np.linalg.norm(mean)).astype(np.float32)})


Extractor.Settings = Settings
"""


@pytest.fixture(scope="module")
def engines(tmp_path_factory):
    """A workspace in which the table of all engines was made."""
    config = {"datasets": {name: tiny_config()["datasets"][name] | {"chunks": 1} for name in DATASETS}}
    sift = tiny_config()["extractors"]["sift_tiny"]
    config["extractors"] = {"sift_tiny": sift, "mean_sift": {**sift, "type": "mean_sift:Extractor"}}
    config["neighbors"] = {"mean_sift": {"extractor": "mean_sift", "descriptor": "mean"}}
    # Enough words for some of them to be missing in some images: a word of every image weighs nothing.
    codebook = tiny_config()["codebooks"]["sift_tiny"] | {"size": 256, "num_features": 300}
    config["codebooks"] = {"sift_tiny": codebook}
    config["rerankers"] = {
        "sift_nearest": {"scorer": "affine", "extractor": "sift_tiny", "chunks": 1},
        "sift_words": {"scorer": "affine_words", **SHARED, "chunks": 1},
    }
    config["experiments"] = EXPERIMENTS
    config["tables"] = {
        "engines": {"title": "Engines", "experiments": list(EXPERIMENTS), "datasets": ["landmarks"]},
        "times": {
            "title": "Times",
            "experiments": ["bow", "bow_sv_qe", "asmk_qe", "hqe_sp", "global_qe"],
            "datasets": ["landmarks"],
            "protocols": ["medium"],
            "metrics": {"search time": ["all"]},
        },
    }
    space = Workspace(tmp_path_factory.mktemp("engines") / "workspace", config)
    space.draw()
    (space.folder / "mean_sift.py").write_text(MEAN_SIFT)
    space.run(targets=TARGET)
    return space


def ranking(space, experiment):
    return read_ranking(space.folder / f"results/rankings/{experiment}/landmarks.h5")


def test_all_engines_have_a_row(engines):
    with (engines.folder / TARGET[0]).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["protocol"] == "medium"]
    measured = {row["method"]: float(row["measured"]) for row in rows}
    assert len(measured) == len(EXPERIMENTS) and min(measured.values()) > 25, measured
    assert all(int(row["index_bytes"]) > 0 for row in rows if row["method"] != "mean + alpha QE")
    # The views of a landmark are related by similarities, which verification finds.
    assert measured["BoW"] < measured["BoW + SV"] > 95, measured
    for experiment in EXPERIMENTS.keys() - {"global_qe"}:
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
    for experiment in ("bow_sv", "bow_sv_qe.sv"):
        after = ranking(engines, experiment)
        assert after.reranked == 8
        scores = after.lists["medium"].scores
        assert (scores == scores.round()).all() and (np.diff(scores, axis=1) <= 0).all() and scores.max() >= 4


@pytest.mark.parametrize("experiment", ["bow_sv_qe", "asmk_qe", "hqe_sp", "global_qe"])
def test_an_expanded_ranking_is_one_of_all_images_and_another_than_before(engines, experiment):
    expanded, searched = (
        ranking(engines, experiment),
        ranking(engines, SEARCHED.get(experiment, f"{experiment}.search")),
    )
    assert expanded.reranked is None and list(expanded.lists) == PROTOCOLS.get(experiment, [ALL])
    found = next(iter(expanded.lists.values()))
    assert (np.sort(found.ranks, axis=1) == np.arange(8)).all() and (np.diff(found.scores, axis=1) <= 0).all()
    assert np.isfinite(found.scores).all() and found.scores.max() > 0
    assert not np.allclose(found.scores, searched.lists[ALL].scores)


def test_the_time_of_searches_is_that_of_the_jobs_that_made_the_rankings(engines):
    with (engines.folder / TARGET[1]).open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["metric"] == "search time"]
    times = {row["method"]: float(row["measured"]) for row in rows}
    assert len(times) == len(rows) == 5 and min(times.values()) > 0 and {row["unit"] for row in rows} == {"ms"}
    assert {row["count"] for row in rows} == {"4"}
    assert times["BoW"] < times["BoW + SV + QE"]  # which has the time of the first search in it, too
    records = engines.folder / "results/rankings"
    search = json.loads((records / "bow/landmarks.h5.job.json").read_text())["measured"]["search"]
    assert times["BoW"] == pytest.approx(1e3 * search / 4, rel=1e-3)
    assert "search time: milliseconds per query" in (engines.folder / "results/times.md").read_text()


def test_galleries_draw_what_gave_the_scores(engines):
    """Of two pairs of methods: those of a search, those before an expansion, and none of global descriptors."""
    shown = {("bow", "hqe_sp.search"): ("bow", "hqe_sp.search"), ("asmk_qe", "global_qe"): ("asmk_qe.search", None)}
    pages = {names: f"results/galleries/{'.vs.'.join(names)}/landmarks.html" for names in shown}
    engines.run(targets=list(pages.values()))
    drawn_words = 0
    for names, sources in shown.items():
        page = engines.folder / pages[names]
        content = json.loads(re.search(r'id="content">(.*?)</script>', page.read_text(encoding="utf-8"), re.S)[1])
        for method, source in enumerate(sources):
            kind, note = content["drawn"]["kinds"][method], content["drawn"]["notes"][method]
            if source is None:
                assert kind is None and "one global descriptor of each image" in note
                continue
            assert kind == ("signatures" if "hqe" in source else "words")
            assert ("expanded query" in note) == (source != names[method])
            for row, query in enumerate(content["queries"]):
                scores = dict(ranking(engines, source).of(query["name"]))
                text = (page.with_suffix("") / f"m{row}.js").read_text()
                drawn = json.loads(text.removeprefix(f"addMatches({row},").removesuffix(");\n"))[method]
                for image, found in drawn.items():
                    assert found["score"] == pytest.approx(scores[content["results"][int(image)]], rel=1e-3, abs=1e-9)
                    drawn_words += found["count"]
    assert drawn_words > 1000


def test_settings_make_stale_what_they_change(engines):
    """Of several changes at once, each has stages of its own."""
    before = copy.deepcopy(engines.config)
    experiments = engines.config["experiments"]
    experiments["bow_sv"]["steps"]["sv"]["least"] = 6  # the order of short lists alone
    experiments["bow_sv_qe"]["steps"]["qe"]["least"] = 9
    experiments["global_qe"]["steps"]["qe"]["alpha"] = 1.0
    experiments["hqe_sp"]["hamming"] = {"votes": {"threshold": 40}}
    experiments["hqe"]["hamming"]["expansion"]["least"] = 6
    engines.write_config()
    planned = engines.planned(targets=TARGET)
    engines.config = before
    engines.write_config()
    assert planned == {
        "search_hamming": 2, "rerank": 1, "expand_bow": 1, "expand_global": 1, "expand_hamming": 1, "evaluate": 5,
        "table": 2,
    }  # fmt: skip
