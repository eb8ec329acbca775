"""A copy without its times is current again, and what differs stays stale."""

import os
import random

import pytest
from workspace import TARGET

pytestmark = pytest.mark.workflow


def copy_anew(folder):
    """Give all files the times of a copy: new ones, in an order of their own."""
    files = sorted(path for name in ("results", "landmarks", "others") for path in (folder / name).rglob("*"))
    random.Random(0).shuffle(files)
    for number, path in enumerate(files):
        os.utime(path, (1_900_000_000 + number, 1_900_000_000 + number))


def test_a_copy_of_a_finished_folder_is_current_again(space, reprise, as_documented):
    copy_anew(space.folder)
    assert sum(space.planned().values()) > 20
    code, text = reprise(space, "redate")
    assert code == 0
    as_documented(text, "$ reprise redate")
    assert space.planned() == {}
    assert reprise(space, "verify", TARGET)[0] == 0
    assert "0 files and folders got" in reprise(space, "redate")[1]


def test_files_that_differ_keep_their_times(space, reprise):
    copy_anew(space.folder)
    image, codebook = "landmarks/jpg/landmark1_1.jpg", "results/codebooks/sift_tiny.h5"
    for path in (space.folder / image, space.folder / codebook):
        path.write_bytes(path.read_bytes() + b" ")
    _, text = reprise(space, "redate")
    assert f"Other than recorded, and left as they are: {codebook}, {image}" in text
    assert space.planned()["extract_chunk"] > 0
