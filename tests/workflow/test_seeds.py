"""The seed study of a table: other codebooks on the same features."""

import csv

import pytest

from reprise.pipeline.seeds import study, with_codebook_seeds
from reprise.reporting.evaluations import read_evaluation

pytestmark = pytest.mark.workflow

STUDY = "results/tiny.seeds.csv"


def test_names_of_a_study():
    config = {
        "seed_study": [1, 2],
        "codebooks": {"words": {"seed": 1, "size": 8}},
        "experiments": {"a": {"codebook": "words", "extractor": "e"}, "global": {"extractor": "g"}},
    }
    assert study(config, "a") == {1: "a", 2: "a.seed2"}
    assert study(config, "global") == {}
    wider = with_codebook_seeds(config)
    assert wider["codebooks"]["words.seed2"] == {"seed": 2, "size": 8, "file": None}
    assert wider["experiments"]["a.seed2"] == {"codebook": "words.seed2", "extractor": "e"}
    assert set(wider["codebooks"]) == {"words", "words.seed2"}
    assert config["codebooks"].keys() == {"words"}


def test_a_study_takes_the_features_and_the_run_that_exist(copied):
    copied.config["seed_study"] = [1, 5]  # 1 is the seed of the configuration
    copied.config["tables"]["tiny"]["experiments"] = ["sift_tiny"]
    copied.write_config()
    assert copied.planned(targets=[STUDY]) == {
        "train_codebook": 1, "aggregate_chunk": 2, "build_index": 1, "search": 1, "evaluate": 1, "seeds": 1,
    }  # fmt: skip
    copied.run(targets=[STUDY])
    values = {}
    for name in ("sift_tiny", "sift_tiny.seed5"):
        path = copied.folder / "results/evaluations" / name / "landmarks.json"
        values[name] = {score.group: score.value for score in read_evaluation(path).scores if score.metric == "mAP"}
    assert values["sift_tiny"] != values["sift_tiny.seed5"]
    with (copied.folder / STUDY).open() as file:
        cells = {cell["protocol"]: cell for cell in csv.DictReader(file)}
    assert set(cells) == {"easy", "medium", "hard"}
    for protocol, cell in cells.items():
        mean = sum(entry[protocol] for entry in values.values()) / 2
        assert float(cell["mean"]) == pytest.approx(mean, abs=0.005)
        assert cell["seeds"] == "2"


def test_trainings_of_a_study_make_all_that_is_made_with_them_anew(copied):
    copied.config["training_seed_study"] = [0, 7]  # 0 is the seed of the configuration
    copied.config["tables"]["tiny"]["experiments"] = ["how_tiny"]
    copied.config["seed_study"] = [copied.config["codebooks"]["how_tiny"]["seed"], 99]
    copied.write_config()
    planned = copied.planned(targets=[STUDY])
    assert planned["train_how"] == 1 and planned["train_codebook"] == 2 and planned["evaluate"] == 2
    copied.run(targets=[STUDY])
    with (copied.folder / STUDY).open() as file:
        cells = list(csv.DictReader(file))
    assert {(cell["seeds_of"], cell["seeds"]) for cell in cells} == {("codebook", "2"), ("training", "2")}
    assert all(float(cell["standard_deviation"]) > 0 for cell in cells if cell["seeds_of"] == "training")
