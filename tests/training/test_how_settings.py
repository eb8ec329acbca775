"""The settings of a training: published defaults, JSON, and what is refused."""

import json
from dataclasses import asdict

import pytest

from reprise.storage.errors import DataError
from reprise.training import TrainingSettings
from reprise.training.how.settings import CodebookSettings


def test_defaults_come_back_from_json():
    settings = TrainingSettings()
    assert TrainingSettings.from_json(json.loads(json.dumps(asdict(settings)))) == settings


def test_nested_mappings_and_nulls():
    values = {"dim": None, "whitening": None, "validation": {"codebook": {"size": 512, "scales": [1, 0.5]}}}
    settings = TrainingSettings.from_json(values)
    assert settings.whitening is None
    assert settings.validation.codebook == CodebookSettings(size=512, scales=(1.0, 0.5))
    assert TrainingSettings.from_json({"validation": None}).validation is None


@pytest.mark.parametrize(
    "values, message",
    [
        ({"learning_rat": 1e-4}, "unknown name 'learning_rat'; did you mean 'learning_rate'"),
        ({"learning_rate": "5e-6"}, "learning_rate: is '5e-6'; give a number above 0"),
        ({"learning_rate": 0}, "learning_rate: is 0; give a number above 0"),
        ({"learning_rate": float("nan")}, "learning_rate: is nan"),
        ({"epochs": -1}, "epochs: is -1; give an integer of at least 0"),
        ({"batch": True}, "batch: is True"),
        ({"mixed_precision": 1}, "mixed_precision: is 1; give true or false"),
        ({"backbone": "vgg16"}, "backbone: 'vgg16' is unknown"),
        ({"smoothing": 2}, "smoothing: 2 is not an odd"),
        ({"whitening": None}, "whitening: is None with dim 128"),
        ({"skip_stages": 3}, "dim: 128 is not between 1 and 64, the channels of resnet18 without its last 3 stages"),
        ({"batch": 2001}, "batch: is 2001, and an epoch has 2000 queries; lower it"),
        ({"dim": None}, "whitening: is Whitening.* with dim None"),
        ({"validation": {"codebook": {"size": 0}}}, "validation.codebook.size: is 0; give an integer of at least 1"),
        ({"validation": {"codebook": None}}, "codebook: is None; give a mapping"),
        ({"validation": {"scales": []}}, r"validation.scales: is \[\]; give a list with one element or more"),
        ({"validation": {"asmk": {"idf": "yes"}}}, "validation.asmk.idf: is 'yes'; give one of"),
        ({"validation": 5}, "validation: is 5; give a mapping of settings"),
    ],
)
def test_what_is_out_of_range_is_named(values, message):
    with pytest.raises(DataError, match=message):
        TrainingSettings.from_json(values)
