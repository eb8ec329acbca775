"""Records say what really was read and written."""

import hashlib
import json
import os

from reprise.pipeline import records
from reprise.pipeline.records import ancestry, content_hash, record_path, write_provenance, write_records


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


def record(path, inputs, rule="search"):
    write_records(rule, {"dataset": "a"}, '{"stage": "x"}', list(map(str, inputs)), [str(path)], 1, 0.0)
    return json.loads(record_path(path).read_text())


def test_hashes_of_inputs_and_outputs(tmp_path):
    source, output = tmp_path / "in.txt", tmp_path / "out.txt"
    source.write_text("in")
    output.write_text("out")
    content = record(output, [source])
    assert content["inputs"] == {str(source): sha256("in")}
    assert content["outputs"][str(output)]["sha256"] == sha256("out")


def test_records_of_jobs_whose_code_makes_nothing_stale_are_read(tmp_path):
    """Downloads and unpacked archives are none the worse for another program."""
    output = tmp_path / "out.txt"
    output.write_text("out")
    recipe = '{"code": null, "modules": [], "parameters": {}}'
    write_records("download", {"source": "a"}, recipe, [], [str(output)], 1, 0.0)
    assert records.load_record(record_path(output))["recipe"]["code"] is None


def test_an_input_that_was_changed_by_hand_is_hashed_again(tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    first.write_text("one")
    second.write_text("two")
    record(first, [])
    first.write_text("changed by hand")
    assert record(second, [first])["inputs"] == {str(first): sha256("changed by hand")}


def test_an_input_with_another_time_is_read_once_for_it(tmp_path, monkeypatch):
    first = tmp_path / "first.txt"
    first.write_text("one")
    record(first, [])
    os.utime(first, (2, 2))
    read = []
    monkeypatch.setattr(records, "content_hash", lambda path: read.append(path) or content_hash(path))
    assert [records.recorded_hash(str(first)) for _ in range(3)] == [sha256("one")] * 3
    assert read == [str(first)]
    first.write_text("two")
    os.utime(first, (1, 1))
    assert records.recorded_hash(str(first)) == sha256("two")


def test_a_folder_that_was_moved_with_its_records_is_hashed_again(tmp_path):
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "x.txt").write_text("x")
    record(tmp_path / "old" / "x.txt", [])
    (tmp_path / "old").rename(tmp_path / "new")
    (tmp_path / "y.txt").write_text("y")
    moved = tmp_path / "new" / "x.txt"
    assert record(tmp_path / "y.txt", [moved])["inputs"] == {str(moved): sha256("x")}


def test_ancestry_goes_back_to_the_files_that_no_job_wrote(tmp_path):
    paths = [tmp_path / name for name in ("source", "middle", "end")]
    for path in paths:
        path.write_text(path.name)
    record(paths[1], [paths[0]], rule="middle")
    record(paths[2], [paths[1]], rule="end")
    found = ancestry([str(paths[2])])
    assert [job["rule"] for job in found["jobs"].values()] == ["end", "middle"]
    assert found["files"] == {str(paths[0]): sha256("source")}


def test_provenance_holds_the_record_of_the_table_itself(tmp_path):
    source, table, provenance = (tmp_path / name for name in ("in.json", "t.csv", "t.provenance.json"))
    source.write_text("in")
    table.write_text("numbers")
    write_provenance(provenance, "table", {}, '{"stage": "table"}', [str(source)], [str(table)], 1, 0.0)
    content = json.loads(provenance.read_text())
    assert content["outputs"][str(table)]["sha256"] == sha256("numbers")
    assert content["files"] == content["inputs"] == {str(source): sha256("in")}
    assert content["rule"] == "table" and content["seconds"] > 0


def test_the_time_stamp_that_snakemake_puts_into_a_folder_is_no_content(tmp_path):
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "x.npy").write_text("x")
    before = content_hash(tmp_path / "index")
    (tmp_path / "index" / ".snakemake_timestamp").touch()
    assert content_hash(tmp_path / "index") == before
