"""Aggregation of residuals per visual word: values, packing of signs, and bad input."""

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import asmk as reference

from reprise.asmk import Aggregated, Codebook, aggregate
from reprise.asmk.stages.blocks import aggregate_features
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import feature_writer
from reprise.formats.features import open_features
from reprise.storage.errors import DataError


@st.composite
def ragged_images(draw):
    """Descriptors of some images, none to many each, with a codebook and assignments."""
    dim = draw(st.sampled_from([1, 5, 32, 40, 128, 130]))
    n_words = draw(st.sampled_from([1, 3, 20, 300]))
    counts = draw(st.lists(st.integers(0, 90), max_size=5))
    assignments = draw(st.integers(1, min(3, n_words)))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    image_ids = np.repeat(np.cumsum(random.integers(1, 4, len(counts))), counts)
    # Few different values: sums of exactly zero are common.
    descriptors = random.integers(-2, 3, (len(image_ids), dim)).astype(np.float32) / 4
    codebook = Codebook(random.integers(-1, 2, (n_words, dim)).astype(np.float32) / 4)
    words = np.stack([random.choice(n_words, assignments, replace=False) for _ in image_ids] or [np.zeros(assignments)])
    return descriptors, words[: len(image_ids)].astype(np.int64), image_ids, codebook


@given(ragged_images(), st.booleans(), st.integers(1, 4))
def test_equals_the_reference(images, binary, threads):
    descriptors, words, image_ids, codebook = images
    got = aggregate(descriptors, words, image_ids, codebook, binary=binary, threads=threads)
    vectors, out_words, out_ids = reference.aggregate(descriptors, words, image_ids, codebook.centroids, binary)
    np.testing.assert_array_equal(got.words, out_words)
    np.testing.assert_array_equal(got.image_ids, out_ids)
    width = -(-codebook.dim // 32) if binary else codebook.dim
    assert got.vectors.shape == (len(vectors), width)
    if binary and vectors:
        np.testing.assert_array_equal(got.vectors, vectors)
    elif vectors:
        np.testing.assert_allclose(got.vectors, vectors, atol=1e-6)


@given(st.lists(st.sampled_from([-1.0, -0.0, 0.0, 1e-30, 2.0]), min_size=1, max_size=140))
def test_packing_equals_the_reference(values):
    vector = np.array([values], np.float32)
    codebook = Codebook(np.zeros((1, len(values))))
    packed = aggregate(vector, np.zeros(1, int), np.zeros(1, int), codebook).vectors[0]
    np.testing.assert_array_equal(packed, reference.pack(vector[0]))
    bits = np.unpackbits(packed.astype(">u4").view(np.uint8))
    np.testing.assert_array_equal(bits[: len(values)], vector[0] > 0)
    assert not bits[len(values) :].any()


def test_the_sum_is_taken_in_order_and_in_single_precision():
    # 1 + 2^-25 is 1 in single precision: only the sum from the left vanishes.
    vectors = np.array([[1.0], [2**-25], [-1.0]], np.float32)
    codebook = Codebook(np.zeros((1, 1)))
    for order, bit in (([0, 1, 2], 0), ([0, 2, 1], 0x80000000)):
        assert aggregate(vectors[order], np.zeros(3, int), np.zeros(3, int), codebook).vectors[0, 0] == bit


def test_a_word_that_is_assigned_twice_counts_once():
    random = np.random.default_rng(1)
    x, codebook = random.standard_normal((60, 8)).astype(np.float32), Codebook(random.standard_normal((4, 8)))
    words = random.integers(0, 4, (60, 1))
    once = aggregate(x, words, np.zeros(60, int), codebook, binary=False)
    twice = aggregate(x, np.repeat(words, 2, axis=1), np.zeros(60, int), codebook, binary=False)
    np.testing.assert_array_equal(once.vectors, twice.vectors)


def test_zero_residual_stays_zero():
    codebook = Codebook(np.ones((1, 4)))
    x = np.ones((1, 4), np.float32)
    assert not aggregate(x, [0], [0], codebook).vectors.any()
    assert not aggregate(x, [0], [0], codebook, binary=False).vectors.any()


def test_descriptors_are_not_copied():
    import tracemalloc

    random = np.random.default_rng(1)
    x, codebook = random.standard_normal((20000, 64)).astype(np.float32), Codebook(random.standard_normal((4, 64)))
    words = codebook.assign(x, threads=1)
    ids = np.zeros(len(x), np.int64)
    tracemalloc.start()
    try:
        aggregate(x, words, ids, codebook, threads=1)
        codebook.assign(x, threads=1)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 2


X = np.ones((3, 4), np.float32)


@pytest.mark.parametrize(
    ("descriptors", "words", "image_ids", "message"),
    [
        (X * [[1], [np.nan], [1]], [0, 0, 0], [0, 0, 0], "descriptors: row 1"),
        (X[:, :3], [0, 0, 0], [0, 0, 0], r"\(n, 4\)"),
        (X, [0, 0], [0, 0, 0], "words"),
        (X, [0, 2, 0], [0, 0, 0], "words: 0 to 2"),
        (X, [0, -1, 0], [0, 0, 0], "words: -1 to 0"),
        (X, [0.0, 0.0, 0.0], [0, 0, 0], "words: expected integers"),
        (X, np.zeros((3, 0), int), [0, 0, 0], "at least one assignment"),
        (X, [0, 0, 0], [0, 1, 0], "image_ids: 0 in row 2"),
        (X, [0, 0, 0], [-1, 0, 0], "image_ids: -1 in row 0"),
        (X, [0, 0, 0], [0, 0], "image_ids"),
    ],
)
def test_bad_input(descriptors, words, image_ids, message):
    with pytest.raises(DataError, match=message):
        aggregate(descriptors, np.asarray(words), np.asarray(image_ids), Codebook(np.zeros((2, 4))))


def test_bad_aggregated():
    with pytest.raises(DataError, match="vectors"):
        Aggregated(np.zeros((2, 4)), np.zeros(2, int), np.zeros(2, int))
    with pytest.raises(DataError, match="words"):
        Aggregated(np.zeros((2, 4), np.uint32), np.zeros(3, int), np.zeros(2, int))
    with pytest.raises(DataError, match="image_ids"):
        Aggregated(np.zeros((2, 4), np.uint32), np.zeros(2, int), np.zeros(2))


@pytest.mark.parametrize("value", [np.nan, -np.inf, 1e19])
def test_an_image_whose_stored_descriptors_are_no_numbers_is_named(tmp_path, value):
    with feature_writer(tmp_path / "f.h5", 4, {"recipe": "{}"}) as writer:
        for name in "abc":
            writer.append(name, LocalFeatures(np.ones((5, 4), np.float32), np.ones(5), np.ones((5, 2)), np.ones(5)))
    with h5py.File(tmp_path / "f.h5", "r+") as file:
        file["descriptors"][7, 2] = value
    options = {"images_per_block": 2, "num_features": 9, "assignments": 1, "binary": True}
    with open_features(tmp_path / "f.h5") as file, pytest.raises(DataError, match=r"f\.h5: image 1 \('b'\): .* row 2 "):
        aggregate_features(file, Codebook(np.zeros((2, 4))), **options)
