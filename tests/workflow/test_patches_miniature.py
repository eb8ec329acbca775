"""HardNet and the patch benchmarks on the whole miniature: a minute of training beats the initial network."""

import copy
import csv

import pytest
import yaml
from paths import ROOT
from workspace import Workspace

TABLES = [f"results/mini/{name}.csv" for name in ("fpr95", "hpatches_patches", "hpatches_splits", "hpatches_kinds")]
SETS = ("liberty", "notredame", "yosemite")


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A copy of the project with the overlay of the miniature."""
    config = yaml.safe_load((ROOT / "config" / "mini.yaml").read_text())
    return Workspace(tmp_path_factory.mktemp("patches"), config)


def cells(space, table):
    with (space.folder / table).open() as file:
        return list(csv.DictReader(file))


@pytest.mark.workflow
def test_networks_are_not_tested_on_what_they_were_trained_on(space):
    jobs = space.planned(TABLES[:1])
    rows, trained = 7, 5  # one of them is not trained, but of a training all the same
    assert jobs["evaluate_patches"] == rows * len(SETS) - trained
    assert jobs["train"] == trained
    assert jobs["draw_miniature"] == 1


@pytest.mark.long
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_training_beats_the_initialisation_with_any_seed(space, seed):
    space.config = copy.deepcopy(space.config)
    for training in ("hardnet_untrained", "hardnet_liberty", *(f"hardnet+_{name}" for name in SETS)):
        space.config["trainings"].setdefault(training, {})["seed"] = seed
    space.write_config()
    space.run(targets=TABLES)
    fpr95 = {(cell["method"], cell["dataset"]): cell["measured"] for cell in cells(space, TABLES[0])}
    for tested in ("notredame", "yosemite"):
        before = float(fpr95["HardNet, not trained", tested])
        for method in ("HardNet, LIB, trained here", "HardNet+, LIB, trained here"):
            assert float(fpr95[method, tested]) < before
    for method, name in (("LIB", "liberty"), ("ND", "notredame"), ("YOS", "yosemite")):
        assert fpr95[f"HardNet+, {method}, trained here", name] == ""
    matching = {
        cell["method"]: float(cell["measured"])
        for cell in cells(space, TABLES[1])
        if (cell["metric"], cell["group"]) == ("matching", "all")
    }
    assert matching["HardNet+, LIB, trained here"] > matching["HardNet, not trained"]
