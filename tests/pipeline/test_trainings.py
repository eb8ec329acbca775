"""What a training by a module of somebody else's is told, and what has to exist before."""

import pytest
from shipped import read, shipped_config, sources

from reprise.pipeline.descriptions import Descriptions
from reprise.pipeline.paths import Paths
from reprise.pipeline.trainings import Trainings

MODULE = """
from typing import Annotated
from reprise.storage.references import Refers
from reprise.storage.settings import Settings
from reprise.training.settings import Checkpoint, Dataset, Extractor, Neighbors, TrainingEntry

class Validation(Settings):
    dataset: Dataset
    extractor: Extractor
    neighbors: Neighbors
    count: int = 5

class Entry(TrainingEntry):
    extractor: Extractor
    teacher: Checkpoint | None = None
    start: Annotated[str, Refers("sources")] | None = None
    margin: float = 0.5
    validation: Validation | None = None

def train(description, files, *, identity, workers):
    pass
"""
ENTRY = {
    "type": "somebodys.training",
    "dataset": "sfm120k_train",
    "extractor": "rootsift",
    "teacher": "dinov2_ames",
    "start": "imagenet_resnet18",
    "validation": {"dataset": "roxford5k", "extractor": "dinov2", "neighbors": "dinov2"},
}


@pytest.fixture
def planned(tmp_path, monkeypatch):
    (tmp_path / "somebodys").mkdir()
    (tmp_path / "somebodys" / "training.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))

    def of(entry):
        config = shipped_config()
        config["trainings"]["mine"] = entry
        values = read(config).values()
        paths = Paths(values, sources())
        return Trainings(values, paths), paths, Descriptions(values, paths)

    return of


def test_names_are_replaced_by_what_they_stand_for(planned):
    trainings, paths, describe = planned(ENTRY)
    assert trainings.described("mine") == {
        "dataset": describe.dataset("sfm120k_train"),
        "extractor": {"database": paths.features("rootsift", "sfm120k_train", "database")},
        "teacher": paths.checkpoint("dinov2_ames"),
        "start": paths.download("imagenet_resnet18"),
        "margin": 0.5,
        "validation": {
            "dataset": describe.dataset("roxford5k"),
            "extractor": {split: paths.features("dinov2", "roxford5k", split) for split in ("database", "queries")},
            "neighbors": paths.neighbors("dinov2", "roxford5k"),
            "count": 5,
        },
    }


def test_everything_that_is_read_has_to_exist_before(planned):
    trainings, paths, _ = planned(ENTRY)
    assert sorted(trainings.inputs("mine")) == sorted(
        [
            *paths.dataset_inputs("sfm120k_train"),
            paths.features("rootsift", "sfm120k_train", "database"),
            paths.checkpoint_input("dinov2_ames"),
            paths.receipt("imagenet_resnet18"),
            *paths.dataset_inputs("roxford5k"),
            *(paths.features("dinov2", "roxford5k", split) for split in ("database", "queries")),
            paths.neighbors_input("dinov2", "roxford5k"),
        ]
    )


def test_files_of_ones_own_are_told_by_their_states(planned, tmp_path):
    trainings, _, describe = planned(ENTRY)
    assert trainings.datasets("mine") == ["sfm120k_train", "roxford5k"]
    assert describe.training_files(["sfm120k_train", "liberty", "megadepth"]) == {}  # downloaded


def test_what_is_left_out_is_none(planned):
    trainings, _, _ = planned({key: ENTRY[key] for key in ("type", "dataset", "extractor")})
    described = trainings.described("mine")
    assert described["teacher"] is described["start"] is described["validation"] is None
