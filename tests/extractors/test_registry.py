"""Extractors by name."""

import importlib

import pytest

from reprise.extractors.registry import EXTRACTORS, load_extractor
from reprise.storage.errors import DataError


@pytest.mark.parametrize("name", EXTRACTORS)
def test_every_name_has_a_module(name):
    extractor = importlib.import_module(f"reprise.extractors.{name}").Extractor
    assert callable(extractor.load)
    assert callable(extractor.extract)


def test_an_extractor_by_name():
    assert load_extractor("rootsift", {"num_features": 10}).dim == 128


def test_an_unknown_name():
    with pytest.raises(DataError, match="'rotsift'; did you mean 'rootsift'"):
        load_extractor("rotsift", {})
