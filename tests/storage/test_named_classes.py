"""Names that load classes with settings."""

import pytest

from reprise.storage.errors import DataError
from reprise.storage.named_classes import NamedClasses
from reprise.storage.settings import Settings

MODULE = """
from reprise.storage.settings import Settings


class LadderSettings(Settings):
    type: str
    rungs: int = 3


class Ladder:
    Settings = LadderSettings

    def __init__(self, settings, device="cpu"):
        self.rungs, self.device = settings.rungs, device
"""


@pytest.fixture
def ladders(tmp_path, monkeypatch):
    (tmp_path / "ladders_of_a_test").mkdir()
    (tmp_path / "ladders_of_a_test" / "wooden.py").write_text(MODULE)
    (tmp_path / "ladders_of_a_test" / "ropes.py").write_text("class Rope:\n    pass\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    return NamedClasses[object, Settings]("ladders_of_a_test", "Ladder")


def test_a_class_is_constructed_from_values_or_from_settings(ladders):
    assert ladders.names() == ("wooden",)
    made = ladders.construct_from("wooden", {"rungs": 5}, "cuda")
    assert (made.rungs, made.device) == (5, "cuda")
    settings = ladders.settings_of("wooden").read({"type": "wooden"}, "entry")
    assert ladders.construct(settings).rungs == 3


def test_a_class_of_somebody_else_is_named_by_its_import_path(ladders):
    assert ladders.construct_from("ladders_of_a_test.wooden:Ladder", {}).rungs == 3


@pytest.mark.parametrize(
    ("name", "values", "message"),
    [
        ("woden", {}, "ladder woden: unknown name 'woden'; did you mean 'wooden'"),
        ("ropes", {}, "ladder ropes: unknown name 'ropes'"),
        ("wooden", {"rung": 1}, "ladder wooden: unknown key 'rung'; did you mean 'rungs'"),
    ],
)
def test_errors_begin_with_the_kind_and_the_name(ladders, name, values, message):
    with pytest.raises(DataError, match=message):
        ladders.construct_from(name, values)
