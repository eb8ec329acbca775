"""The augmentation by turns and crops."""

from dataclasses import replace

import numpy as np
from patches_data import small_tour
from PIL import Image

from reprise.training.hardnet.augmentation import augmented, shrunk
from reprise.training.hardnet.settings import HardNetSettings
from reprise.training.hardnet.training import HardNetTraining


def ramp():
    """(64, 64): columns from 0 on, times 3."""
    return np.tile(np.arange(64, dtype=np.uint8) * 3, (64, 1))


def test_patches_are_resized_with_smoothing():
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    expected = Image.fromarray(checks).resize((32, 32), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(shrunk(checks[None])[0], np.asarray(expected))


def test_turns_stay_below_five_degrees_and_crops_above_nine_tenths():
    found = augmented(np.repeat(ramp()[None], 300, axis=0), np.random.default_rng(0)).astype(float)
    across = (found[:, 16, 24] - found[:, 16, 8]) / 16 / 3  # pixels of the patch for one of the crop
    down = (found[:, 24, 16] - found[:, 8, 16]) / 16 / 3
    assert 1.7 < across.min() < 1.85 and 1.95 < across.max() < 2.03
    degrees = np.rad2deg(np.arctan2(down, across))
    assert -6 < degrees.min() < -4 and 4 < degrees.max() < 6


def test_crops_without_a_turn_are_parts_of_the_patch():
    means = augmented(np.repeat(ramp()[None], 200, axis=0), np.random.default_rng(1)).mean(axis=(1, 2)) / 3
    assert np.ptp(means) > 2  # they differ in their places


def test_each_patch_has_draws_of_its_own_and_each_epoch_others():
    patches = np.repeat(ramp()[None], 2, axis=0)
    first, again, other = (augmented(patches, np.random.default_rng([0, epoch])) for epoch in (1, 1, 2))
    assert (first[0] != first[1]).any() and (first != other).any()
    np.testing.assert_array_equal(first, again)


def test_a_training_with_augmentation_learns():
    small = small_tour()
    tour = replace(small, patches=small.patches.repeat(2, axis=1).repeat(2, axis=2))
    settings = HardNetSettings(batch_pairs=16, pairs=160, epochs=3, learning_rate=1.0, augmentation=True)
    system = HardNetTraining(settings, tour, {"same": tour}, "cpu")
    plain = HardNetTraining(settings.model_copy(update={"augmentation": False}), small, {}, "cpu")
    before = system.validate(0)["fpr95_same"]
    rows = [system.train(epoch) for epoch in (1, 2, 3)]
    assert system.validate(3)["fpr95_same"] < before
    assert plain.train(1)["loss"] != rows[0]["loss"]
