"""Curves of trainings, from the files that a provenance names."""

from reprise.reporting.training_curves import training_curves
from reprise.storage.hashes import sha256_file
from reprise.training.curves import write_csv


def provenance(path, training="net"):
    return {
        "jobs": {
            "best.pth": {"wildcards": {"training": training}, "outputs": {str(path): {"sha256": sha256_file(path)}}},
            "other.h5": {"wildcards": {}, "outputs": {}},
        }
    }


def test_columns_are_lines_of_plots(tmp_path):
    path = tmp_path / "history.csv"
    rows = [
        {"epoch": 1, "loss": 2.0, "val_loss": None, "val_accuracy": 0.5, "learning_rate": 0.1, "seconds": 9},
        {"epoch": 2, "loss": 1.0, "val_loss": 1.5, "val_accuracy": 0.6, "learning_rate": 0.1, "seconds": 9},
    ]
    write_csv(path, rows)
    (found,) = training_curves(provenance(path))
    assert (found["training"], found["changed"]) == ("net", False)
    assert found["panels"] == [
        {"title": "loss", "lines": {"loss": [[1, 2], [2, 1]], "val loss": [[2, 1.5]]}},
        {"title": "accuracy", "lines": {"val accuracy": [[1, 0.5], [2, 0.6]]}},
    ]


def test_without_an_epoch_there_is_no_curve(tmp_path):
    write_csv(tmp_path / "history.csv", [], ["epoch", "loss"])
    assert training_curves(provenance(tmp_path / "history.csv")) == []
    assert training_curves({}) == []


def test_curves_of_another_training_are_not_shown(tmp_path):
    path = tmp_path / "history.csv"
    write_csv(path, [{"epoch": 1, "validation_map": 10.0}])
    told = provenance(path)
    write_csv(path, [{"epoch": 1, "validation_map": 99.0}])
    assert training_curves(told) == [{"training": "net", "changed": True, "panels": []}]
    path.unlink()
    assert training_curves(told)[0]["changed"]
