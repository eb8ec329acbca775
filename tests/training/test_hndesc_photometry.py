"""Random changes of the crops that HNDesc is trained on."""

import cv2
import numpy as np
import pytest
from keypoint_images_data import texture

from reprise.training.hndesc import photometry

CROP = texture(np.random.default_rng(0), 64)
COLOURS, BLURS = photometry._COLOURS, photometry._BLURS


def rng(seed=0):
    return np.random.default_rng(seed)


@pytest.mark.parametrize("change", [*COLOURS, *BLURS, photometry.noisy], ids=lambda change: change.__name__)
def test_each_change_is_one_of_its_numbers(change):
    before = CROP.copy()
    found = [change(CROP, rng(seed)) for seed in range(4)]
    assert all(each.shape == CROP.shape and each.dtype == np.uint8 for each in found)
    assert any((each != CROP).any() for each in found)
    np.testing.assert_array_equal(change(CROP, rng()), found[0])
    np.testing.assert_array_equal(CROP, before)


def test_shares_are_the_published_ones(monkeypatch):
    counts = dict.fromkeys([*COLOURS, *BLURS, photometry.noisy], 0)

    def counting(change):
        def count(crop, random):
            counts[change] += 1
            return crop

        return count

    for name, weights in (("_COLOURS", COLOURS), ("_BLURS", BLURS)):
        monkeypatch.setattr(photometry, name, {counting(change): weight for change, weight in weights.items()})
    monkeypatch.setattr(photometry, "noisy", counting(photometry.noisy))
    random, total = rng(), 4000
    for _ in range(total):
        photometry.changed(CROP, random)
    found = [counts[change] / total for change in counts]
    expected = [0.6 * weight / 2.5 for weight in (0.7, 0.7, 0.5, 0.5, 0.1)] + [0.15, 0.15, 0.1]
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_brightness_and_contrast_stay_in_their_ranges():
    flat = np.full((8, 8, 3), 100, np.uint8)
    levels = np.array([photometry.other_brightness(flat, rng(seed))[0, 0, 0] for seed in range(300)], int)
    assert levels.min() >= 100 * 0.8 - 0.3 * 255 - 1 and levels.max() <= 100 * 1.2 + 0.3 * 255
    assert levels.max() - levels.min() > 140


def test_hue_turns_and_lightness_is_equalised():
    red = np.zeros((8, 8, 3), np.uint8) + np.array([200, 40, 40], np.uint8)
    for seed in range(5):
        changed = photometry.other_hue(red, rng(seed))
        (hue, _, value), (_, _, before) = (cv2.cvtColor(x, cv2.COLOR_RGB2HSV)[0, 0].astype(int) for x in (changed, red))
        assert min(hue, 180 - hue) <= 10 and value == before
    dull = (CROP // 8 + 100).astype(np.uint8)
    assert photometry.equalised(dull, rng()).std() > 1.2 * dull.std()


def test_noise_has_its_variance():
    flat = np.full((200, 200, 3), 128, np.uint8)
    variances = [photometry.noisy(flat, rng(seed)).astype(float).var() for seed in range(12)]
    assert 9 < min(variances) < 25 and 35 < max(variances) < 52


def test_grey_and_shuffled_channels():
    assert np.ptp(photometry.grey(CROP, rng()), axis=2).max() == 0
    shuffled = photometry.shuffled(CROP, rng(1))
    assert sorted(shuffled.mean(axis=(0, 1))) == pytest.approx(sorted(CROP.mean(axis=(0, 1))))
