"""The settings of a training: published defaults, JSON, and what is refused."""

import json
from pathlib import Path

import pytest

from reprise.datasets.images import ImageList
from reprise.storage.errors import DataError
from reprise.training import TrainingSettings
from reprise.training.how.initialisation import initial_network
from reprise.training.how.settings import CodebookSettings


def test_defaults_come_back_from_json():
    settings = TrainingSettings()
    assert TrainingSettings.read(json.loads(json.dumps(settings.model_dump())), "settings") == settings


def test_nested_mappings_and_nulls():
    values = {"dim": None, "whitening": None, "validation": {"codebook": {"size": 512, "scales": [1, 0.5]}}}
    settings = TrainingSettings.read(values, "settings")
    assert settings.whitening is None
    assert settings.validation.codebook == CodebookSettings(size=512, scales=[1.0, 0.5])
    assert TrainingSettings.read({"validation": None}, "settings").validation is None


@pytest.mark.parametrize(
    "values, message",
    [
        ({"learning_rat": 1e-4}, "settings: unknown key 'learning_rat'; did you mean 'learning_rate'"),
        ({"learning_rate": "5e-6"}, "settings.learning_rate: '5e-6' should be a valid number"),
        ({"learning_rate": 0}, "settings.learning_rate: 0 should be greater than 0"),
        ({"learning_rate": float("nan")}, "settings.learning_rate: nan should be"),
        ({"epochs": -1}, "settings.epochs: -1 should be greater than or equal to 0"),
        ({"batch": True}, "settings.batch: True should be a valid integer"),
        ({"mixed_precision": 1}, "settings.mixed_precision: 1 should be a valid boolean"),
        ({"backbone": "vgg16"}, "settings.backbone: 'vgg16' should be 'resnet18', 'resnet50' or 'resnet101'"),
        ({"whitening": None}, "settings.whitening: a reduction .dim. starts with a whitening; give both, or null"),
        ({"dim": None}, "settings.whitening: a reduction .dim. starts with a whitening; give both, or null"),
        ({"batch": 2001}, "settings.batch: 2001 is more than the 2000 queries of an epoch; lower it"),
        ({"validation": {"codebook": {"size": 0}}}, "settings.validation.codebook.size: 0 should be greater than"),
        ({"validation": {"codebook": None}}, "settings.validation.codebook: None should be"),
        ({"validation": {"scales": []}}, "settings.validation.scales: .* at least 1 item"),
        ({"validation": {"asmk": {"idf": "yes"}}}, "settings.validation.asmk.idf: 'yes' should be a valid boolean"),
        ({"validation": 5}, "settings.validation: 5 should be"),
    ],
)
def test_what_is_out_of_range_is_named(values, message):
    with pytest.raises(DataError, match=message):
        TrainingSettings.read(values, "settings")


def test_keywords_are_checked_as_well():
    with pytest.raises(DataError, match="TrainingSettings.epochs: -1 should be greater than or equal to 0"):
        TrainingSettings(epochs=-1)


@pytest.mark.parametrize(
    "values, message",
    [
        ({"smoothing": 2}, "smoothing: 2 is not an odd number of cells"),
        ({"skip_stages": 3}, "dim: 128 is not between 1 and 64, the channels of resnet18 without its last 3 stages"),
    ],
)
def test_what_no_network_can_be_is_refused_before_an_image_is_read(values, message):
    images = ImageList(["missing.png"], [Path("missing.png")])
    with pytest.raises(DataError, match=message):
        initial_network(TrainingSettings(**values), images, None)
