"""What files of each kind begin with: all that the field publishes is recognised."""

import gzip
import io
import json
import pickle
import sqlite3
import tarfile
import zipfile

import h5py
import numpy as np
import pytest
import torch
from PIL import Image

from reprise.downloads.first_bytes import what_is_wrong


def saved(save):
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def tar(**options):
    def save(stream):
        with tarfile.open(fileobj=stream, mode="w", **options) as archive:
            archive.addfile(tarfile.TarInfo("ä" * 120), io.BytesIO())

    return saved(save)


def hdf5(**options):
    def save(stream):
        with h5py.File(stream, "w", **options) as file:
            file["x"] = [1]

    return saved(save)


def zipped(stream):
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("a", "b")


def image(kind):
    return saved(lambda stream: Image.new("RGB", (8, 8)).save(stream, kind))


def database(tmp_path):
    with sqlite3.connect(tmp_path / "x") as connection:
        connection.execute("create table a (b)")
    return (tmp_path / "x").read_bytes()


VALUES = {"imlist": ["a"], "gnd": [np.arange(3)]}
FILES = [
    ("x.tar", tar(format=tarfile.GNU_FORMAT)),
    ("x.tar", tar(format=tarfile.PAX_FORMAT)),
    ("x.tgz", gzip.compress(tar(), mtime=0)),
    ("images.1.tar.gz", gzip.compress(tar(), mtime=0)),
    ("X.TAR.GZ", gzip.compress(tar(), mtime=0)),
    ("x.tgz", tar()),
    ("x.csv.gz", gzip.compress(b"a,b\n", mtime=0)),
    ("x.zip", saved(zipped)),
    *[("x.pkl", pickle.dumps(value, protocol)) for protocol in range(6) for value in (VALUES, [1], (1, 2), np.ones(9))],
    ("x.pkl", pickle.dumps(torch.zeros(9))),
    *[("x.pth", saved(lambda stream, new=new: torch.save(VALUES, stream, _use_new_zipfile_serialization=new)))
      for new in (True, False)],
    ("x.pth.tar", saved(lambda stream: torch.save(VALUES, stream))),
    ("x.hdf5", hdf5()),
    ("x.h5", hdf5(libver="latest")),
    ("x.npy", saved(lambda stream: np.save(stream, np.arange(3)))),
    ("x.npz", saved(lambda stream: np.savez(stream, a=np.arange(3)))),
    ("x.mat", b"MATLAB 5.0 MAT-file, Platform: GLNXA64".ljust(124) + b"\x00\x01IM"),
    ("x.mat", hdf5()),
    *[(f"x.{suffix}", image(kind)) for suffix, kind in (
        ("jpg", "JPEG"), ("jpeg", "JPEG"), ("png", "PNG"), ("bmp", "BMP"), ("gif", "GIF"), ("tif", "TIFF"),
        ("webp", "WEBP"), ("ppm", "PPM"),
    )],
    ("x.txt", b"0d3/abc.jpg\n"),
    ("x.txt", "ä/b.jpg\r\n".encode("latin-1")),
    ("x.txt", "a.jpg\n".encode("utf-16")),
    ("x.csv", b"\xef\xbb\xbfid,url\n"),
    ("solution_v2.1.csv", b"id,images\n"),
    ("x.json", json.dumps(VALUES["imlist"]).encode()),
    ("x.json", b" {}"),
    ("x.bin", b"\x00\x01"),
    ("x", b"anything"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "content"), FILES)
def test_files_of_every_kind_are_recognised(tmp_path, name, content):
    (tmp_path / "file").write_bytes(content)
    assert what_is_wrong(tmp_path / "file", name) is None


def test_a_database(tmp_path):
    database(tmp_path)
    assert what_is_wrong(tmp_path / "x", "x.db") is None


KINDS = sorted({name: content for name, content in FILES if name not in ("x.bin", "x")}.items())


@pytest.mark.parametrize(("name", "content"), KINDS)
def test_one_kind_is_not_another(tmp_path, name, content):
    (tmp_path / "file").write_bytes(content)
    told = what_is_wrong(tmp_path / "file", "x.sqlite.db")
    assert told.startswith("it is no database of SQLite: it begins with b")


@pytest.mark.parametrize(
    ("content", "seems"),
    [
        (b"<!DOCTYPE html><html>", "as a web page or a message in XML does"),
        (b'{"error": 1}', "as a message in JSON does"),
        (gzip.compress(b"x", mtime=0), "as something compressed with gzip does"),
        (saved(zipped), "as a zip archive does"),
        (b"", "it is empty"),
    ],
)
def test_what_it_seems_to_be_is_said(tmp_path, content, seems):
    (tmp_path / "file").write_bytes(content)
    for name in ("x.npy", "x.hdf5", "x.jpg"):
        assert what_is_wrong(tmp_path / "file", name).endswith(seems)
