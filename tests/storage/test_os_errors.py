"""Errors of the system are told from damage, and each names its remedy."""

import errno
import fcntl
import os
import re
import resource
import shutil
from types import SimpleNamespace

import h5py
import pytest

from reprise.storage.os_errors import system_error


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as content:
        content["x"] = range(1000)
    return path


def said_of(path):
    """What is said of the error of HDF5 that opening the file ends in."""
    with pytest.raises(OSError) as caught:
        h5py.File(path, "r")
    error = system_error(path, caught.value)
    return error and str(error)


def test_a_locked_file_is_not_damaged(file):
    with file.open("r+b") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        assert "a.h5: is locked by another program" in said_of(file)
        assert "HDF5_USE_FILE_LOCKING=FALSE" in said_of(file)


def test_too_many_open_files_are_not_damage(file):
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, limits[1]))
    try:
        with pytest.raises(OSError) as caught:
            h5py.File(file, "r")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert "ulimit -n" in str(system_error(file, caught.value))


def test_missing_files_and_folders_are_not_damage(tmp_path):
    assert said_of(tmp_path / "a.h5").endswith("there is no such file or folder")
    assert "is a folder" in said_of(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not HDF5 at all" * 100, None])
def test_of_damage_nothing_is_said(file, content):
    file.write_bytes(file.read_bytes()[:1000] if content is None else content)
    assert said_of(file) is None


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EIO, "input/output error; the file may be whole"),
        (errno.EACCES, "no permission"),
        (errno.ENOSPC, "the disk is full .* bytes are free in .*free some space"),
        (errno.EDQUOT, "quota"),
        (errno.ENOLCK, "HDF5_USE_FILE_LOCKING"),
        (errno.EXDEV, "the system refuses it"),
    ],
)
def test_each_number_has_its_sentence(tmp_path, monkeypatch, number, words):
    # Two sentences are compared that name the free space, which other programs change in between.
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=12345))
    path = tmp_path / "absent" / "a.h5"
    plain = system_error(path, OSError(number, os.strerror(number)))
    assert str(plain).startswith(f"{path}: ")
    assert re.search(words, str(plain))
    told = RuntimeError(f"Can't read data (file read failed: errno = {number}, error message = '...')")
    assert str(system_error(path, told)) == str(plain), "HDF5 has the number in its text"


@pytest.mark.parametrize(
    "error", [ValueError("errno = 5"), OSError("file signature not found"), OSError(errno.EINVAL, "Invalid argument")]
)
def test_errors_of_the_content_have_none(tmp_path, error):
    assert system_error(tmp_path, error) is None
