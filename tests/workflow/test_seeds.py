"""The seed study of a table: other codebooks on the same features."""

import csv

import pytest

from reprise.pipeline.seeds import study, with_seed_study
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
    wider = with_seed_study(config)
    assert wider["codebooks"]["words.seed2"] == {"seed": 2, "size": 8}
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
