"""Files of matches: what is written is read back, chunk by chunk, and no pair twice."""

import h5py
import numpy as np
import pytest

from reprise.formats.matches import collect_matches, read_match_chunks, read_matches, write_matches
from reprise.storage.errors import DataError

PAIRS = [("a", "b"), ("a", "c"), ("b", "c")]
MATCHES = [np.array([[0, 3], [2, 1]]), np.zeros((0, 2), int), np.array([[5, 5]])]


def write_chunks(folder, recipe="{}"):
    """Both files of two and one pairs."""
    paths = [folder / "1-of-2.h5", folder / "2-of-2.h5"]
    for path, rows in zip(paths, (slice(0, 2), slice(2, 3)), strict=True):
        found = collect_matches(PAIRS[rows], MATCHES[rows])
        write_matches(path, found, {"recipe": recipe}, first_pair=rows.start, num_pairs=3)
    return paths


def test_chunks_are_read_one_after_the_other(tmp_path):
    found = list(read_match_chunks(write_chunks(tmp_path)))
    assert [pair[:2] for pair in found] == PAIRS
    assert [pair[2].tolist() for pair in found] == [rows.tolist() for rows in MATCHES]


def test_chunks_out_of_order_missing_or_of_other_recipes_are_refused(tmp_path):
    first, second = write_chunks(tmp_path)
    with pytest.raises(DataError, match="begins with pair 2, expected 0"):
        list(read_match_chunks([second, first]))
    with pytest.raises(DataError, match="2 of 3 pairs are there"):
        list(read_match_chunks([first]))
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match="another recipe"):
        list(read_match_chunks([first, write_chunks(tmp_path / "other", "[]")[1]]))
    with pytest.raises(DataError, match="no chunks"):
        list(read_match_chunks([]))


def test_a_pair_has_no_direction_and_is_there_once(tmp_path):
    both = collect_matches([("a", "b"), ("b", "a")], [MATCHES[0], MATCHES[0]])
    with pytest.raises(DataError, match="a pair is listed twice"):
        write_matches(tmp_path / "m.h5", both, {})
    with pytest.raises(DataError, match="paired with itself"):
        write_matches(tmp_path / "m.h5", collect_matches([("a", "a")], [MATCHES[0]]), {})
    for number, pair in enumerate([("a", "b"), ("b", "a")]):
        write_matches(
            tmp_path / f"{number}.h5", collect_matches([pair], [MATCHES[0]]), {}, first_pair=number, num_pairs=2
        )
    with pytest.raises(DataError, match="'b' and 'a' are a pair of an earlier chunk, too"):
        list(read_match_chunks([tmp_path / "0.h5", tmp_path / "1.h5"]))


def test_a_feature_that_is_matched_twice_and_damaged_bytes_are_refused(tmp_path):
    path = tmp_path / "m.h5"
    write_matches(path, collect_matches([("a", "b")], [np.array([[0, 3], [2, 3]])]), {})
    with pytest.raises(DataError, match="a feature is matched twice"):
        read_matches(path)
    write_matches(path, collect_matches(PAIRS, MATCHES), {})
    with h5py.File(path, "r") as file:
        place = file["matches"].id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="m.h5: is damaged"):
        read_matches(path)
