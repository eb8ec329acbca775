"""Anchors, positives and negatives of an AMES training."""

import math

import numpy as np
import pytest
import torch
from reference import ames_sampling as plain

from reprise.storage.errors import DataError
from reprise.training.ames.sampling import TripletSampler, batches, index_labels


def table(images=90, neighbors=40, labels=6, seed=0):
    random = np.random.default_rng(seed)
    similarities = -np.sort(-random.uniform(-0.4, 1, (images, neighbors)), axis=1).astype(np.float32)
    indices = np.stack([random.permutation(np.delete(np.arange(images), i))[:neighbors] for i in range(images)])
    return similarities, indices, random.integers(100, 100 + labels, images)


def test_labels_are_places_in_the_sorted_set():
    assert index_labels(np.array([70, 5, 70, 12])).tolist() == [2, 0, 2, 1]
    assert index_labels(np.array(["b", "a", "b"])).tolist() == [1, 0, 1]


@pytest.mark.parametrize("candidates", [20, 40, 300])
def test_valid_anchors_are_those_of_the_plain_reference(candidates):
    similarities, indices, labels = table()
    anchors = TripletSampler(similarities, indices, labels, candidates).anchors
    assert anchors.tolist() == plain.valid_anchors(similarities, indices, labels, candidates)
    assert 0 < len(anchors) < len(labels) or candidates > 20


def test_an_image_is_not_its_own_positive():
    similarities, indices, labels = table()
    indices[:, 0] = np.arange(len(labels))
    triplets = TripletSampler(similarities, indices, labels).epoch(0, 0)
    assert (triplets[:, 1] != triplets[:, 0]).all()


def test_images_without_a_descriptor_are_drawn_by_nobody():
    similarities, indices, labels = table()
    similarities[5], similarities[:, -2:] = -np.inf, -np.inf
    before = TripletSampler(similarities[:, :-2], indices[:, :-2], labels)
    after = TripletSampler(similarities, indices, labels)
    assert 5 not in after.anchors
    np.testing.assert_array_equal(before.epoch(0, 0), after.epoch(0, 0))


def test_an_epoch_is_the_one_of_the_plain_reference_with_the_same_random_numbers():
    similarities, indices, labels = table()
    sampler = TripletSampler(similarities, indices, labels, 30)
    triplets = sampler.epoch(7, 3)
    reference = plain.draw(triplets[:, 0], similarities, indices, labels, 30, np.random.default_rng([7, 3]))
    np.testing.assert_array_equal(triplets, reference)


def test_every_anchor_is_used_once_in_random_order():
    sampler = TripletSampler(*table())
    first, second = sampler.epoch(0, 0), sampler.epoch(0, 1)
    for triplets in (first, second):
        assert sorted(triplets[:, 0]) == sampler.anchors.tolist()
    assert (first[:, 0] != second[:, 0]).any()
    assert (first[:, 0] != sampler.epoch(1, 0)[:, 0]).any()
    before = torch.rand(1)
    np.testing.assert_array_equal(first, sampler.epoch(0, 0))
    assert torch.rand(1) != before


def test_probabilities_are_cubes_of_similarities():
    similarities = np.tile(np.float32([0.9, 0.6, 0.5, 0.4, 0.3, 0.9, 0.8, 0.6, 0.2, 0.1, -0.1, -0.5]), (13, 1))
    indices = np.array([np.delete(np.arange(13), i) for i in range(13)])
    labels = np.array([1] * 6 + [2] * 7)
    sampler = TripletSampler(similarities, indices, labels)
    assert sampler.anchors.tolist() == [0, 1, 2, 3, 4, 5]
    drawn = np.concatenate([sampler.epoch(0, epoch) for epoch in range(2000)])
    drawn = drawn[drawn[:, 0] == 0]
    for column, first, count in ((1, 0, 5), (2, 5, 7)):
        cubes = np.maximum(similarities[0, first : first + count], 0).astype(np.float64) ** 3
        expected = cubes / cubes.sum()
        found = np.bincount(drawn[:, column] - 1 - first, minlength=count) / len(drawn)
        deviation = np.sqrt(expected * (1 - expected) / len(drawn))
        assert (np.abs(found - expected) <= 4 * deviation).all()


def test_blocks_of_rows_change_nothing(monkeypatch):
    whole = TripletSampler(*table()).epoch(0, 0)
    monkeypatch.setattr("reprise.training.ames.sampling._ROWS", 7)
    np.testing.assert_array_equal(TripletSampler(*table()).epoch(0, 0), whole)


def test_batches_hold_a_third_as_many_triplets_as_images():
    triplets = np.arange(3 * 247).reshape(247, 3)
    sizes = [len(batch) for batch in batches(triplets, 300)]
    assert sizes == [100, 100, 47] and len(sizes) == math.ceil(3 * 247 / 300)
    np.testing.assert_array_equal(np.concatenate(list(batches(triplets, 300))), triplets)


def test_no_valid_anchor_says_what_is_missing():
    similarities, indices, labels = table()
    with pytest.raises(
        DataError, match="the most of any image are 0 of its own label and 3. of others.*6 images or more"
    ):
        TripletSampler(similarities, indices, np.arange(len(labels)))
    with pytest.raises(DataError, match="with a similarity above 0 among its first 9.*'candidates'"):
        TripletSampler(similarities, indices, labels, 9)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s, i, n: (s, i, n[:-1]), "labels: there are 89, and neighbours of 90 images"),
        (lambda s, i, n: (s[:, :-1], i, n), "two tables of the same shape"),
        (lambda s, i, n: (s, i.astype(np.float32), n), "the second one of integers"),
        (
            lambda s, i, n: (s, np.where(np.arange(90)[:, None] == 4, 90, i), n),
            "row 4 holds an index outside of the 90",
        ),
        (lambda s, i, n: (np.where(s == s[3, 3], np.nan, s), i, n), "not finite"),
    ],
)
def test_tables_that_do_not_fit_are_refused(change, message):
    with pytest.raises(DataError, match=message):
        TripletSampler(*change(*table()))
