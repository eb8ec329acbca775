"""Folders of inverted files that somebody damaged: no crash, and no error that does not name the file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from reprise.asmk import Aggregated, InvertedFile
from reprise.asmk.building import add_norms
from reprise.storage.errors import DataError

PROGRAM = Path(__file__).with_name("damaged_indexes.py")


def test_damaged_folders():
    """20,000 tries with ``python tests/hostile/damaged_indexes.py 20000``."""
    done = subprocess.run([sys.executable, PROGRAM, "400"], capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes["DataError"] > 100 and outcomes["used"] > 20


def postings(words, image_ids):
    return Aggregated(np.zeros((len(words), 2), np.uint32), np.array(words), np.array(image_ids))


@pytest.fixture
def index():
    return InvertedFile.build(postings([0, 2, 1, 2], [0, 0, 1, 3]), 3)


@pytest.mark.parametrize("image", [4, 5, 2**31, 2**32 - 1])
def test_an_image_that_does_not_exist_is_not_written_to(index, image, tmp_path):
    index.save(tmp_path / "index")
    ids = np.load(tmp_path / "index" / "image_ids.npy")
    ids[-1] = image
    np.save(tmp_path / "index" / "image_ids.npy", ids)
    opened = InvertedFile.open(tmp_path / "index")
    for call in (
        lambda: opened.extend(postings([1], [2**20])),
        opened.check,
        lambda: opened.search(postings([0, 2], [0, 0])),
        lambda: opened.scores(postings([2], [0])),
    ):
        with pytest.raises(DataError, match=str(tmp_path)):
            call()
    with pytest.raises(DataError, match="posting 3 names image"):
        add_norms(np.zeros(4), opened.offsets, opened.image_ids, None)


@pytest.mark.parametrize(
    "offsets",
    [
        [0, 1, 2, 5],
        [0, -1, 2, 4],
        [1, 1, 2, 4],
        [0, 3, 2, 4],
        [],
        [0, 2**63 - 1, -2, 4],  # differences that begin again from below are not negative
    ],
)
def test_offsets_that_lead_outside(index, offsets, tmp_path):
    offsets = np.array(offsets, np.int64)
    with pytest.raises(DataError, match="do not fit each other"):
        InvertedFile(offsets, index.image_ids, index.vectors, index.norms)
    index.save(tmp_path / "index")
    np.save(tmp_path / "index" / "offsets.npy", offsets)
    with pytest.raises(DataError, match=r"offsets\.npy"):
        InvertedFile.open(tmp_path / "index")


def test_offsets_stay_what_was_checked(index, tmp_path):
    index.save(tmp_path / "index")
    opened = InvertedFile.open(tmp_path / "index")
    content = bytearray((tmp_path / "index" / "offsets.npy").read_bytes())
    content[-16:] = b"\x7f" * 16
    with (tmp_path / "index" / "offsets.npy").open("r+b") as file:  # in place, as no program should
        file.write(content)
    for either in (index, opened):
        assert either.offsets.tolist() == [0, 1, 2, 4]
        with pytest.raises(ValueError, match="read-only"):
            either.offsets[0] = 10**9


@pytest.mark.parametrize("key, length", [("vectors", 3), ("image_ids", 5), ("weights", 2), ("weights", 4)])
def test_arrays_of_other_lengths(index, key, length):
    arrays = {name: getattr(index, name) for name in ("offsets", "image_ids", "vectors", "norms")}
    arrays["weights"] = np.ones(3, np.float32)
    arrays[key] = np.resize(arrays[key], (length, *arrays[key].shape[1:]))
    with pytest.raises(DataError, match="do not fit each other"):
        InvertedFile(**arrays)


@pytest.mark.parametrize("key", ["offsets", "image_ids", "vectors", "norms", "weights"])
def test_arrays_of_other_types(index, key):
    arrays = {name: getattr(index, name) for name in ("offsets", "image_ids", "vectors", "norms")}
    arrays["weights"] = np.ones(3, np.float32)
    wrongs = [arrays[key].astype(np.int16), arrays[key].tolist(), arrays[key].astype(">f8"), arrays[key][0]]
    for wrong in wrongs if key == "weights" else [*wrongs, None]:
        with pytest.raises(DataError, match=f"{key} are"):
            InvertedFile(**{**arrays, key: wrong})


def test_a_header_that_is_nested(index, tmp_path):
    index.save(tmp_path / "index")
    for header in (b"-" * 9000 + b"1", b"(" * 9000, b"[" * 90 + b"]" * 90):
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header
        (tmp_path / "index" / "norms.npy").write_bytes(content)
        with pytest.raises(DataError, match=r"norms\.npy"):
            InvertedFile.open(tmp_path / "index")


class Changing(list):
    """Sets of postings of which others are read the second time."""

    def __init__(self, *readings):
        super().__init__(readings[0])
        self._readings = list(readings)

    def __iter__(self):
        return iter(self._readings.pop(0) if len(self._readings) > 1 else self._readings[0])


@pytest.mark.parametrize(
    "second",
    [
        [postings([0], [9000])],
        [postings([0, 1, 2], [0, 0, 0])],
        [Aggregated(np.zeros((1, 9), np.uint32), np.zeros(1, int), np.zeros(1, int))],
        [postings([70], [0])],
        [],
    ],
)
def test_sets_that_change_while_they_are_indexed(second, tmp_path):
    for build in (
        lambda parts: InvertedFile.build(parts, 3),
        lambda parts: InvertedFile.build_on_disk(parts, 3, tmp_path / "index"),
    ):
        with pytest.raises(DataError, match="changed while|names image"):
            build(Changing([postings([0], [0])], second))
