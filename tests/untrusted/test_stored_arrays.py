"""Large arrays in pickles, found without reading them and read in parts."""

import pickle
import random

import numpy as np
import pytest
import torch

from reprise.storage import load_pickle
from reprise.storage.errors import DataError
from reprise.untrusted.stored_arrays import find_array

VALUES = np.random.default_rng(0).random((2, 30, 50))


def dump(path, content, protocol=5):
    path.write_bytes(pickle.dumps(content, protocol=protocol))
    return path


@pytest.mark.parametrize("protocol", [3, 4, 5])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
def test_parts_are_those_of_the_whole(tmp_path, protocol, dtype, convert):
    values = VALUES.astype(dtype)
    stored = find_array(dump(tmp_path / "a.pkl", convert(values), protocol))
    assert stored.shape == values.shape and stored.dtype == dtype
    for plane, start, stop in ((0, 0, 30), (1, 3, 9), (1, 29, 30), (0, 5, 5)):
        assert np.array_equal(stored.rows(plane, start, stop), values[plane, start:stop])


@pytest.mark.parametrize(
    "content",
    [
        [1, 2], {"a": VALUES}, np.asfortranarray(VALUES), torch.from_numpy(VALUES)[:, 1:],
        torch.from_numpy(VALUES).transpose(0, 1), VALUES.astype(complex), VALUES.astype(">f4"), np.float32(1), "text",
    ],
)  # fmt: skip
def test_anything_else_is_left_to_the_other_reader(tmp_path, content):
    assert find_array(dump(tmp_path / "a.pkl", content)) is None


def test_a_program_is_left_to_the_reader_that_refuses_it(tmp_path):
    class Hostile:
        def __reduce__(self):
            return print, ("ran",)

    assert find_array(dump(tmp_path / "a.pkl", Hostile())) is None
    assert find_array(dump(tmp_path / "b.pkl", [VALUES, Hostile()])) is None


@pytest.mark.parametrize("convert", [np.asarray, torch.from_numpy])
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_damaged_files_are_never_read_otherwise_than_by_the_other_reader(tmp_path, convert, protocol):
    path = dump(tmp_path / "a.pkl", convert(VALUES.astype(np.float32)), protocol)
    whole, damage = path.read_bytes(), random.Random(protocol)
    for _ in range(300):
        content = bytearray(whole)
        for _ in range(damage.randint(1, 3)):
            # The heads before and behind the items are what tells where they are.
            place = damage.choice([damage.randrange(400), -damage.randrange(1, 200)])
            content[place] = damage.randrange(256)
        path.write_bytes(content[: damage.choice([None, None, damage.randrange(len(content))])])
        stored = find_array(path)
        if stored is None or len(stored.shape) != 3:
            continue
        try:
            expected = load_pickle(path, tensors_as_arrays=True)
        except DataError:
            continue  # the stricter of the two decides nothing: the items are where the pickle says
        assert expected.shape == stored.shape and expected.dtype == stored.dtype
        for plane in range(stored.shape[0]):
            assert np.array_equal(stored.rows(plane, 0, stored.shape[1]), expected[plane], equal_nan=True)


def test_a_file_that_became_shorter_is_named(tmp_path):
    path = dump(tmp_path / "a.pkl", VALUES)
    stored = find_array(path)
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"a\.pkl: ends early"):
        stored.rows(1, 0, 30)
    path.unlink()
    with pytest.raises(DataError, match=r"a\.pkl: there is no such file"):
        stored.rows(1, 0, 30)
