"""Building on disk within little memory gives the same bytes."""

import numpy as np
import pytest
from asmk_data import random_aggregated, split
from hypothesis import given, settings
from hypothesis import strategies as st

from reprise.asmk import Aggregated, AggregatedFiles, InvertedFile
from reprise.formats.aggregated import StoredAggregated, write_aggregated
from reprise.storage.errors import DataError


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def part_bytes(parts):
    return max(2 * (p.vectors.nbytes + p.words.nbytes + p.image_ids.nbytes) + 16 * len(p) for p in parts)


@settings(max_examples=40)
@given(
    seed=st.integers(0, 2**32),
    binary=st.booleans(),
    idf=st.sampled_from([False, True, "published"]),
    width=st.sampled_from([1, 4, 33]),
    window=st.integers(1, 400),
    places=st.lists(st.integers(0, 80), max_size=4),
    extra=st.sampled_from([None, 0, 5]),
)
def test_the_same_bytes(tmp_path_factory, seed, binary, idf, width, window, places, extra):
    folder = tmp_path_factory.mktemp("index")
    database = random_aggregated(np.random.default_rng(seed), 80, 50, width, binary)
    parts = split(database, *sorted(places))
    n_images = None if extra is None else 80 + extra
    memory = part_bytes(parts) + 48 * 50 + 8 * (n_images or 80) + (4 * width + 4) * window
    index = InvertedFile.build_on_disk(parts, 50, folder / "disk", idf=idf, n_images=n_images, memory=memory)
    InvertedFile.build(parts, 50, idf=idf, n_images=n_images).save(folder / "memory")
    assert files(folder / "disk") == files(folder / "memory")
    index.check()


def test_a_word_that_is_too_frequent_for_the_memory(tmp_path):
    n = 300
    database = Aggregated(np.arange(4 * n, dtype=np.uint32).reshape(n, 4), np.zeros(n, int), np.arange(n))
    parts = split(database, 100, 200)
    index = InvertedFile.build_on_disk(parts, 1, tmp_path / "disk", memory=part_bytes(parts) + 48 + 8 * n + 20 * 7)
    np.testing.assert_array_equal(index.vectors, database.vectors)


def test_no_posting(tmp_path):
    nothing = Aggregated(np.zeros((0, 4), np.uint32), np.zeros(0, int), np.zeros(0, int))
    InvertedFile.build_on_disk([nothing], 50, tmp_path / "disk", n_images=3)
    InvertedFile.build(nothing, 50, n_images=3).save(tmp_path / "memory")
    assert files(tmp_path / "disk") == files(tmp_path / "memory")


def test_errors_leave_nothing_behind(tmp_path):
    database = random_aggregated(np.random.default_rng(0), 80, 50, 4, True)
    with pytest.raises(DataError, match="memory: 1000 bytes"):
        InvertedFile.build_on_disk([database], 50, tmp_path / "index", memory=1000)
    with pytest.raises(DataError, match="iterator"):
        InvertedFile.build_on_disk(iter([database]), 50, tmp_path / "index")
    with pytest.raises(DataError, match="words 5"):
        InvertedFile.build_on_disk([Aggregated(database.vectors[:1], np.array([5]), np.array([0]))], 5, tmp_path / "i")
    assert not list(tmp_path.iterdir())


class Changing:
    """Sets that are others when they are read again."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def __iter__(self):
        return iter(self.readings.pop(0))


@pytest.mark.parametrize("word", [1, 49, 50, 10**6])
def test_sets_that_change_while_they_are_read(tmp_path, word):
    codes = np.zeros((2, 4), np.uint32)
    first = Aggregated(codes, np.array([0, 2]), np.array([0, 0]))
    second = Aggregated(codes, np.array([0, word]), np.array([0, 0]))
    with pytest.raises(DataError, match="changed while"):
        InvertedFile.build_on_disk(Changing([first], [second]), 50, tmp_path / "index")
    with pytest.raises(DataError, match="changed while"):
        InvertedFile.build_on_disk(Changing([first], [first, first]), 50, tmp_path / "index")
    assert not list(tmp_path.iterdir())


@pytest.fixture
def chunks(tmp_path):
    database = random_aggregated(np.random.default_rng(3), 90, 50, 4, True)
    paths = []
    for part, images in zip(split(database, 30, 60), [(0, 30), (30, 60), (60, 95)], strict=True):
        paths.append(tmp_path / f"{images[0]}.h5")
        stored = StoredAggregated(part.vectors, part.words, part.image_ids, images, 50)
        write_aggregated(paths[-1], stored, {"recipe": "{}"})
    return database, paths


def test_files_of_aggregated_descriptors(chunks, tmp_path):
    database, paths = chunks
    parts = AggregatedFiles(paths)
    assert (len(parts), parts.n_words, parts.n_images) == (3, 50, 95)
    np.testing.assert_array_equal(np.concatenate([part.words for part in parts]), database.words)
    np.testing.assert_array_equal(parts[-1].image_ids, parts[1:][1].image_ids)
    InvertedFile.build_on_disk(parts, parts.n_words, tmp_path / "disk", n_images=parts.n_images)
    InvertedFile.build(database, 50, n_images=95).save(tmp_path / "memory")
    assert files(tmp_path / "disk") == files(tmp_path / "memory")


def test_files_that_do_not_belong_together(chunks, tmp_path):
    _, paths = chunks
    with pytest.raises(DataError, match="starts at image 60, expected 30"):
        AggregatedFiles([paths[0], paths[2]])
    with pytest.raises(DataError, match="no files"):
        AggregatedFiles([])
    none = StoredAggregated(np.zeros((0, 4), np.uint32), np.zeros(0, int), np.zeros(0, int), (30, 60), 64)
    write_aggregated(tmp_path / "other.h5", none, {"recipe": "{}"})
    with pytest.raises(DataError, match=r"other.h5: made with a codebook of 64 words"):
        AggregatedFiles([paths[0], tmp_path / "other.h5"])
