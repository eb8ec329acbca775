"""Folders of inverted files: what is damaged is refused, and says so."""

import json
import shutil
from contextlib import suppress

import numpy as np
import pytest
from asmk_data import random_aggregated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprise.asmk import InvertedFile
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def database():
    return random_aggregated(np.random.default_rng(8), 300, 50, 4, True, 30)


@pytest.fixture
def saved(database, tmp_path):
    InvertedFile.build(database, 50, idf=True).save(tmp_path / "index")
    return tmp_path / "index"


@pytest.mark.parametrize("key", ["offsets", "image_ids", "vectors", "norms", "weights"])
def test_damaged_arrays(saved, key):
    path = saved / f"{key}.npy"
    array, content = np.load(path), path.read_bytes()
    damages = {
        "truncated": lambda: path.write_bytes(content[:-10]),
        "no .npy file": lambda: path.write_bytes(b""),
        "or no .npy": lambda: path.write_bytes(b"something else entirely"),
        "too long": lambda: path.write_bytes(content + b"\0"),
        "shape": lambda: np.save(path, array[:-1]),
        "C order": lambda: np.save(path, array.reshape(-1, 1, 1)),
        "dtype": lambda: np.save(path, array.astype(array.dtype.newbyteorder(">"))),
        "no such file": path.unlink,
    }
    for message, damage in damages.items():
        damage()
        with pytest.raises(DataError, match=message) as error:
            InvertedFile.open(saved)
        assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": 2}, "version"),
        ({"format": "faiss"}, "format"),
        ({"words": "50"}, "words"),
        ({"images": -1}, "images"),
        ({"images": 299}, "norms.npy"),
        ({"postings": 1}, "image_ids.npy"),
        ({"width": 2}, "vectors.npy"),
        ({"binary": False}, "vectors.npy"),
        ({"idf": 1}, "idf"),
        ({"crc32": None}, "crc32"),
    ],
)
def test_damaged_header(saved, change, message):
    header = json.loads((saved / "index.json").read_text())
    (saved / "index.json").write_text(json.dumps({**header, **change}))
    with pytest.raises(DataError, match=message):
        InvertedFile.open(saved)


def test_damaged_folder(saved):
    (saved / "index.json").write_text('{"format": ')
    with pytest.raises(DataError, match="damaged"):
        InvertedFile.open(saved)
    shutil.rmtree(saved)
    with pytest.raises(DataError, match="no such file"):
        InvertedFile.open(saved)


def test_lists_that_point_nowhere(saved, database):
    for key, value, message in (("image_ids", 10**6, "images that do not exist"), ("offsets", 5, "ascending offsets")):
        path = saved / f"{key}.npy"
        array = np.load(path)
        changed = array.copy()
        changed[:3] = value
        np.save(path, changed)
        with pytest.raises(DataError, match=message):
            InvertedFile.open(saved).search(database)
        np.save(path, array)


def change(path, edit):
    """Edit the array of a file, as a program would that does not know what it does."""
    array = np.load(path)
    edit(array)
    np.save(path, array)


def test_vectors_in_another_order(saved):
    vectors = np.load(saved / "vectors.npy")
    np.save(saved / "vectors.npy", np.asfortranarray(vectors))
    with pytest.raises(DataError, match="C order"):
        InvertedFile.open(saved)


@pytest.mark.parametrize("key", ["norms", "weights"])
@pytest.mark.parametrize("value", [-1, np.nan, np.inf])
def test_numbers_that_cannot_be(saved, key, value):
    change(saved / f"{key}.npy", lambda array: array.__setitem__(3, value))
    with pytest.raises(DataError, match=key):
        InvertedFile.open(saved)


@pytest.mark.parametrize("first, last", [(5, 0), (-3, None), (0, 4)])
def test_offsets_that_do_not_ascend(saved, first, last):
    def edit(offsets):
        offsets[10] = first
        if last is not None:
            offsets[-1] = last

    change(saved / "offsets.npy", edit)
    with pytest.raises(DataError, match="no ascending offsets"):
        InvertedFile.open(saved)


def test_postings_that_contradict_each_other(database):
    index = InvertedFile.build(database, 50, idf=True)
    index.check()
    for edit in (
        lambda ids: ids.__setitem__(0, 300),
        lambda ids: ids.__setitem__(slice(2), ids[1::-1].copy()),
        lambda ids: ids.__setitem__(1, ids[0]),
    ):
        ids = index.image_ids.copy()
        edit(ids)
        with pytest.raises(DataError, match="names no image, or is not behind"):
            InvertedFile(index.offsets, ids, index.vectors, index.norms, index.weights).check()
    with pytest.raises(DataError, match="norms and postings"):
        InvertedFile(index.offsets, index.image_ids, index.vectors, index.norms, None).check()
    real = InvertedFile.build(random_aggregated(np.random.default_rng(8), 30, 50, 4, False), 50)
    real.check()
    real.vectors[3, 1] = np.nan
    with pytest.raises(DataError, match="NaN"):
        real.check()


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(draw=st.data())
def test_any_damage_is_found(saved, database, draw):
    """Flipped bits, lost tails and swapped files: an error, or no difference at all."""
    expected = InvertedFile.open(saved).search(database, topk=5)
    folder = saved.with_name("damaged")
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(saved, folder)
    path = folder / draw.draw(st.sampled_from(sorted(file.name for file in folder.iterdir())))
    content = bytearray(path.read_bytes())
    match draw.draw(st.sampled_from(["flip", "cut", "swap"])):
        case "flip":
            # Half of the time in the header, where it does most.
            end = draw.draw(st.sampled_from([128, len(content)]))
            content[draw.draw(st.integers(0, min(end, len(content)) - 1))] ^= 1 << draw.draw(st.integers(0, 7))
            path.write_bytes(content)
        case "cut":
            path.write_bytes(content[: draw.draw(st.integers(0, len(content) - 1))])
        case "swap":
            other = folder / draw.draw(st.sampled_from(sorted(file.name for file in folder.iterdir())))
            path.write_bytes(other.read_bytes())
    with suppress(DataError):  # found early, or not at all, but without a crash
        InvertedFile.open(folder).search(database, topk=5)
    try:
        index = InvertedFile.open(folder, check=True)
    except DataError:
        return
    rankings = index.search(database, topk=5)
    np.testing.assert_array_equal(rankings.ranks, expected.ranks)
    np.testing.assert_array_equal(rankings.scores, expected.scores)
