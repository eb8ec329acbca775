"""MAT files: as scipy writes and reads them, damaged ones, and what is refused."""

import struct

import numpy as np
import pytest
import scipy.io
import scipy.sparse

from reprise.storage.errors import DataError
from reprise.untrusted.matlab import load_matlab


def cell(*values):
    items = np.empty((1, len(values)), object)
    for index, value in enumerate(values):
        items[0, index] = value
    return items


VALUES = {
    "numbers": np.arange(24.0).reshape(2, 3, 4),
    "small": np.array([[1, 2, 300]], np.int32),
    "bytes": np.array([[7, 8]], np.uint8),
    "single": np.array([[1.5], [2.5]], np.float32),
    "text": "normalize",
    "cells": cell(np.ones((1, 2)), "x", cell(np.zeros((1, 1)))),
    "record": {"a": np.ones((2, 2)), "deep": {"b": "y"}},
    "records": np.array([(1.0, "p"), (2.0, "q")], dtype=[("n", "O"), ("s", "O")]),
    "empty": np.zeros((0, 0)),
}


@pytest.mark.parametrize("compressed", [False, True])
def test_reads_what_scipy_writes(tmp_path, compressed):
    path = tmp_path / "values.mat"
    scipy.io.savemat(path, VALUES, do_compression=compressed)
    found = load_matlab(path)
    assert list(found) == list(VALUES)
    for name in ("numbers", "small", "bytes", "single", "empty"):
        assert found[name].dtype == VALUES[name].dtype
        assert np.array_equal(found[name], VALUES[name])
    assert found["text"] == "normalize"
    first, text, inner = found["cells"]
    assert (first.tolist(), text, inner[0].tolist()) == ([[1, 1]], "x", [[0]])
    assert found["record"]["a"].shape == (2, 2)
    assert found["record"]["deep"] == {"b": "y"}
    assert [(record["n"].item(), record["s"]) for record in found["records"]] == [(1, "p"), (2, "q")]


def test_every_truncation_is_named(tmp_path):
    path = tmp_path / "values.mat"
    scipy.io.savemat(path, VALUES)
    content = path.read_bytes()
    for size in range(0, len(content), 37):
        path.write_bytes(content[:size])
        try:
            assert set(load_matlab(path)) < set(VALUES)  # cut between two variables
        except DataError as error:
            assert str(path) in str(error)


def test_flipped_bytes_never_end_in_another_error(tmp_path):
    path = tmp_path / "values.mat"
    random = np.random.default_rng(0)
    for compressed in (False, True):
        scipy.io.savemat(path, VALUES, do_compression=compressed)
        content = np.frombuffer(path.read_bytes(), np.uint8)
        for _ in range(400):
            damaged = content.copy()
            damaged[random.integers(128, len(content), 3)] = random.integers(0, 256, 3)
            path.write_bytes(damaged.tobytes())
            try:
                load_matlab(path)
            except DataError as error:
                assert str(path) in str(error)


def nested(depth):
    head = struct.pack("<IIIIIIiiII", 6, 8, 1, 0, 5, 8, 1, 1, 1, 0)
    content, size = b"", 0
    parts = []
    for _ in range(depth):
        size += len(head)
        parts.append(struct.pack("<II", 14, size) + head)
        size += 8
    content = b"".join(reversed(parts))
    return b"MATLAB 5.0".ljust(124) + struct.pack("<H", 0x0100) + b"IM" + content


def test_deep_nesting_is_refused(tmp_path):
    path = tmp_path / "deep.mat"
    path.write_bytes(nested(200_000))
    with pytest.raises(DataError, match=r"deep\.mat: its cells are nested more than"):
        load_matlab(path)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"m": scipy.sparse.eye(3, format="csc")}, "a sparse matrix"),
        ({"m": np.array([[1j]])}, "a complex matrix"),
    ],
)
def test_other_values_are_refused(tmp_path, values, message):
    scipy.io.savemat(tmp_path / "values.mat", values)
    with pytest.raises(DataError, match=rf"values\.mat: refused to read it: it holds {message}"):
        load_matlab(tmp_path / "values.mat")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is no MAT file of version 5"),
        (b"x" * 500, "is no MAT file of version 5"),
        (b"\x89HDF\r\n\x1a\n" + b"x" * 500, "is of version 7.3"),
    ],
)
def test_other_files(tmp_path, content, message):
    (tmp_path / "values.mat").write_bytes(content)
    with pytest.raises(DataError, match=rf"values\.mat: {message}"):
        load_matlab(tmp_path / "values.mat")
