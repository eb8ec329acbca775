"""The overlays of a run reach the provenance of its tables, and a command line can be made of them again."""

import json
import shlex
from types import SimpleNamespace

from reprise.pipeline.overlays import Overlays, given_overlays, hand_on, handed_on, overlays_of
from reprise.pipeline.records import load_record, write_provenance


def test_files_of_the_project_are_named_from_its_folder_and_others_in_full(tmp_path, monkeypatch):
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    files = [project / "config" / "mini.yaml", tmp_path / "elsewhere.yaml"]
    found = given_overlays(SimpleNamespace(configfiles=files, config={"chunks": 3, "exif": ["a"]}))
    assert found == Overlays(["config/mini.yaml", str(tmp_path / "elsewhere.yaml")], {"chunks": 3, "exif": ["a"]})
    assert found.settings == ["chunks=3", 'exif=["a"]']
    given = ["--configfile", "config/mini.yaml", str(tmp_path / "elsewhere.yaml"), "--config", *found.settings]
    assert shlex.split(found.options) == given
    assert Overlays().options == ""


def test_a_table_names_those_of_its_run(tmp_path, monkeypatch):
    monkeypatch.setenv("REPRISE_OVERLAYS", "")
    monkeypatch.delenv("REPRISE_OVERLAYS")
    assert handed_on() == {}
    output, path = tmp_path / "t.csv", tmp_path / "t.provenance.json"
    output.write_text("1")
    hand_on(Overlays(["mine.yaml"], {"gallery": {"topk": 3}}))
    write_provenance(path, "table", {}, '{"stage": "table"}', [], [str(output)], 1, 0.0)
    assert overlays_of(load_record(path)) == Overlays(["mine.yaml"], {"gallery": {"topk": 3}})
    content = json.loads(path.read_text())
    del content["overlays"]
    assert overlays_of(content) is None
