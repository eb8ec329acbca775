"""Names that load modules and packages."""

import pytest

from reprise.storage.errors import DataError
from reprise.storage.modules import NamedModules
from reprise.training.settings import TRAININGS, training_entry


def test_modules_and_packages_are_found():
    assert TRAININGS.names() == ("ames", "cvnet", "dinov2", "hardnet", "hndesc", "how", "itq")
    assert {"how", "rootsift"} <= set(NamedModules("reprise.extractors", "Settings").names())


def test_a_package_is_loaded_by_its_name():
    assert TRAININGS.load("how", "type").__name__ == "reprise.training.how"


def test_a_module_of_somebody_elses_is_a_training(tmp_path, monkeypatch):
    text = "from reprise.training.settings import TrainingEntry\nclass Entry(TrainingEntry):\n    epochs: int = 3\n"
    text += "def train(description, files, *, identity, workers):\n    pass\n"
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "training.py").write_text(text)
    entry = training_entry("own.training", "type").read({"type": "own.training", "dataset": "x"}, "entry")
    assert entry.epochs == 3


def test_a_module_that_is_no_training_is_refused():
    with pytest.raises(DataError, match=r"config\.trainings\.x\.type: os\.path .* has no 'Entry'"):
        training_entry("os.path", "config.trainings.x.type")


def test_an_unknown_name_is_refused():
    with pytest.raises(DataError, match=r"config\.trainings\.x\.type: unknown name 'hwo'; did you mean 'how'"):
        training_entry("hwo", "config.trainings.x.type")
