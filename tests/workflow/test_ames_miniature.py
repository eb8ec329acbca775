"""AMES on the whole miniature: a minute of training is enough to improve the ranking that it re-ranks."""

import copy
import csv

import pytest
import yaml
from paths import ROOT
from workspace import Workspace

pytestmark = pytest.mark.long
TABLE = "results/mini/ames.csv"
TRAININGS = ("dinov2_small", "itq_dinov2", "dinov2_ames", "dinov2_ames_dist")


@pytest.fixture(scope="module")
def space(tmp_path_factory):
    """A copy of the project with the overlay of the miniature."""
    config = yaml.safe_load((ROOT / "config" / "mini.yaml").read_text())
    return Workspace(tmp_path_factory.mktemp("ames"), config)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_ranking_improves_with_any_seed(space, seed):
    space.config = copy.deepcopy(space.config)
    for training in TRAININGS:
        space.config["trainings"][training]["seed"] = seed
    space.write_config()
    space.run(targets=[TABLE])
    with (space.folder / TABLE).open() as file:
        cells = [cell for cell in csv.DictReader(file) if cell["protocol"] == "medium"]
    for dataset in ("roxford5k", "rparis6k"):
        before, *after = (float(cell["measured"]) for cell in cells if cell["dataset"] == dataset)
        assert len(after) == 2 and min(after) > before
