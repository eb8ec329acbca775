"""Extractors by name."""

import importlib
import subprocess
import sys

import pytest

from reprise.extractors import load_extractor
from reprise.extractors.registry import EXTRACTORS
from reprise.extractors.settings import ExtractorSettings
from reprise.storage.errors import DataError

NAMES = EXTRACTORS.names()


def test_what_exists_is_found_by_looking():
    assert set(NAMES) == {"cvnet", "detected", "dinov2", "how", "r2d2", "rootsift"}


@pytest.mark.parametrize("name", NAMES)
def test_every_name_has_a_module(name):
    extractor = importlib.import_module(f"reprise.extractors.{name}").Extractor
    assert callable(extractor.load)
    assert callable(extractor.extract)
    assert "type" in EXTRACTORS.settings_of(name, name).model_fields


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_is_described(name):
    settings = EXTRACTORS.settings_of(name, name)
    assert importlib.import_module(f"reprise.extractors.{name}").Extractor.Settings is settings
    assert issubclass(settings, ExtractorSettings)
    assert {key.partition(".")[0] for key in settings.checkpoints} <= set(settings.model_fields)
    for key, field in settings.model_fields.items():
        assert field.description, f"{name}.{key} has no description"


def test_planning_imports_no_torch():
    modules = ", ".join(f"reprise.extractors.{name}" for name in NAMES)
    code = f"import sys, {modules}; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_extractor_by_name():
    assert load_extractor("rootsift", num_features=10).dim == 128


def test_an_unknown_name():
    with pytest.raises(DataError, match="'rotsift'; did you mean 'rootsift'"):
        load_extractor("rotsift")


def test_an_unknown_setting():
    with pytest.raises(DataError, match="extractor rootsift: unknown key 'num_feature'; did you mean 'num_features'"):
        load_extractor("rootsift", num_feature=10)


def test_a_plugin_is_loaded_by_its_import_path(tmp_path, monkeypatch):
    (tmp_path / "my_plugin.py").write_text(
        "from reprise.extractors.rootsift import Extractor as RootSIFT\n"
        "from reprise.extractors.rootsift import Settings\n"
        "class Mine(RootSIFT):\n"
        "    Settings = Settings\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert type(load_extractor("my_plugin:Mine", num_features=10)).__name__ == "Mine"
