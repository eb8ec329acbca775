"""The identity of the state of a training: whatever it learns from changes it, and nothing else."""

import json

import pytest

from reprise.pipeline.identity import training_identity
from reprise.storage.errors import DataError

RECIPE = json.dumps({"stage": "train", "code": "c", "parameters": {"rate": 0.1, "images_hash": "a"}})


@pytest.fixture
def inputs(tmp_path):
    (tmp_path / "features.h5").write_bytes(b"features")
    receipt = {"name": "weights", "path": "weights.pth", "bytes": 3, "sha256": "0" * 64, "date": "today"}
    (tmp_path / "weights.receipt.json").write_text(json.dumps(receipt))
    return [str(tmp_path / "features.h5"), str(tmp_path / "weights.receipt.json")]


def test_the_same_training_has_the_same_identity(inputs):
    assert training_identity(RECIPE, inputs) == training_identity(RECIPE, [*inputs[::-1], inputs[0]])


@pytest.mark.parametrize(
    "other", [RECIPE.replace("0.1", "0.2"), RECIPE.replace('"a"', '"b"'), RECIPE.replace('"c"', '"d"')]
)
def test_settings_code_and_images_of_ones_own_change_it(inputs, other):
    assert training_identity(other, inputs) != training_identity(RECIPE, inputs)


def test_files_of_other_jobs_and_downloads_change_it_by_their_content(inputs, tmp_path):
    first = training_identity(RECIPE, inputs)
    (tmp_path / "features.h5").write_bytes(b"features")
    receipt = json.loads((tmp_path / "weights.receipt.json").read_text())
    (tmp_path / "weights.receipt.json").write_text(json.dumps({**receipt, "date": "tomorrow"}))
    assert training_identity(RECIPE, inputs) == first
    (tmp_path / "weights.receipt.json").write_text(json.dumps({**receipt, "sha256": "1" * 64}))
    assert training_identity(RECIPE, inputs) != first
    (tmp_path / "weights.receipt.json").write_text(json.dumps(receipt))
    (tmp_path / "features.h5").write_bytes(b"others")
    assert training_identity(RECIPE, inputs) != first


def test_a_damaged_receipt_is_named(inputs, tmp_path):
    (tmp_path / "weights.receipt.json").write_text("{")
    with pytest.raises(DataError, match=r"weights\.receipt\.json"):
        training_identity(RECIPE, inputs)
