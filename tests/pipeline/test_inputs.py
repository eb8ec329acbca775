"""Inputs of a job are what was made, downloaded or unpacked; whatever differs is named."""

import json
import os

import pytest

from reprise.pipeline.inputs import check_inputs, check_unpacked
from reprise.pipeline.records import content_hash, record_path, write_records
from reprise.storage.errors import DataError


@pytest.fixture
def made(tmp_path):
    path = tmp_path / "made.h5"
    path.write_bytes(b"content")
    write_records("search", {}, '{"stage": "x"}', [], [str(path)], 1, 0.0)
    return path


def test_what_a_job_wrote_is_taken_whatever_its_time(made):
    check_inputs([str(made)])
    os.utime(made, (1, 1))
    check_inputs([str(made), str(made.with_name("of nobody"))])


@pytest.mark.parametrize("content", [b"Content", b"", b"content and more"])
def test_what_was_edited_is_refused(made, content):
    made.write_bytes(content)
    os.utime(made, (1, 1))
    with pytest.raises(DataError, match=r"made\.h5: is not what its job wrote"):
        check_inputs([str(made)])


@pytest.mark.parametrize("record", ["", "{", "[]", "{}", '{"outputs": 3}', '{"outputs": {"x": 3}}'])
def test_a_damaged_record_is_named(made, record):
    record_path(made).write_text(record.replace("x", str(made)))
    with pytest.raises(DataError, match=r"made\.h5\.job\.json: is damaged"):
        check_inputs([str(made)])


@pytest.fixture
def receipt(tmp_path):
    file = tmp_path / "gnd.pkl"
    file.write_bytes(b"truth")
    told = {"name": "gnd", "path": str(file), "bytes": 5, "sha256": content_hash(file)}
    path = tmp_path / "gnd.receipt.json"
    path.write_text(json.dumps(told))
    return path, file


def test_a_download_is_compared_with_its_receipt(receipt):
    path, file = receipt
    check_inputs([str(path)])
    file.write_bytes(b"other")  # of the same size
    with pytest.raises(DataError, match=r"gnd\.pkl: is not what was downloaded"):
        check_inputs([str(path)])
    file.unlink()
    with pytest.raises(DataError, match=r"gnd\.pkl: is gone"):
        check_inputs([str(path)])


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"path": 3}'])
def test_a_damaged_receipt_is_named(receipt, content):
    receipt[0].write_text(content)
    with pytest.raises(DataError, match=r"gnd\.receipt\.json: is damaged"):
        check_inputs([str(receipt[0])])


def test_unpacked_images_have_the_size_that_they_had(tmp_path):
    manifest, folder = tmp_path / "paris6k.files.tsv", tmp_path / "paris6k"
    folder.mkdir()
    manifest.write_text("a.jpg\t3\nb c.jpg\t4\n")
    (folder / "a.jpg").write_bytes(b"123")
    (folder / "b c.jpg").write_bytes(b"1234")
    images = [folder / "a.jpg", folder / "b c.jpg", folder / "missing.jpg"]
    check_unpacked([str(manifest), "other.h5"], images)
    (folder / "b c.jpg").write_bytes(b"123")
    with pytest.raises(DataError, match=r"b c\.jpg: has 3 bytes, and had 4 when it was unpacked"):
        check_unpacked([str(manifest)], images)
    check_unpacked([str(manifest)], images[:1])
