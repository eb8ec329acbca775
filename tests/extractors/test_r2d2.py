"""The R2D2 extractor, against the published algorithm written plainly, and with its real weights."""

import numpy as np
import pytest
import torch
from PIL import Image
from reference.weights import fill_weights
from torch.nn import functional

from reprise.extractors import load_extractor
from reprise.images.tensors import IMAGENET, to_tensor
from reprise.networks import R2D2
from reprise.storage.errors import DataError


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    path = tmp_path_factory.mktemp("r2d2") / "r2d2.pt"
    fill_weights(R2D2(4)).save_checkpoint(path)
    return path


@pytest.fixture(scope="module")
def pixels():
    random = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    return np.asarray(Image.fromarray(random).resize((120, 90), Image.Resampling.BICUBIC))


OPTIONS = {"min_size": 40, "max_size": 110, "reliability": 0.3, "repeatability": 0.3}


def plain(network, pixels, *, min_size, max_size, reliability, repeatability, limit):
    """Loops over scales and pixels, as published: (x, y, score, 32 / scale) and descriptors, best last."""
    image = to_tensor(pixels, *IMAGENET)
    height, width = image.shape[2:]
    scale, rows, vectors = 1.0, [], []
    while scale + 0.001 >= max(0, min_size / max(height, width)):
        if scale - 0.001 <= min(1, max_size / max(height, width)):
            descriptors, reliable, repeatable = network(image)
            h, w = image.shape[2:]
            padded = functional.pad(repeatable[0, 0], (1, 1, 1, 1), value=-1)
            for y in range(h):
                for x in range(w):
                    r, q = float(repeatable[0, 0, y, x]), float(reliable[0, 0, y, x])
                    if r == float(padded[y : y + 3, x : x + 3].max()) and r >= repeatability and q >= reliability:
                        rows.append((x * width / w, y * height / h, q * r, 32 / scale))
                        vectors.append(descriptors[0, :, y, x].numpy())
        scale /= 2**0.25
        size = round(height * scale), round(width * scale)
        image = functional.interpolate(image, size, mode="bilinear", align_corners=False)
    order = np.argsort([row[2] for row in rows])[-limit:]
    return np.array(rows)[order], np.array(vectors)[order]


@torch.inference_mode()
def test_as_published(weights, pixels):
    rows, vectors = plain(R2D2.from_checkpoint(weights), pixels, **OPTIONS, limit=100)
    found = load_extractor("r2d2", checkpoint=weights, num_features=100, **OPTIONS).extract(pixels)
    assert len(found) == len(rows) == 100
    assert len(set(found.scales.tolist())) > 2
    np.testing.assert_allclose(found.scores[::-1], rows[:, 2], rtol=1e-5)
    np.testing.assert_allclose(found.keypoints[::-1] - 0.5, rows[:, :2], atol=1e-4)
    np.testing.assert_allclose(32 / found.scales[::-1], rows[:, 3], rtol=1e-6)
    np.testing.assert_allclose(found.descriptors[::-1], vectors, rtol=0, atol=1e-4)


def test_exact_places_are_the_centres_of_pixels(weights, pixels):
    legacy, exact = (
        load_extractor("r2d2", checkpoint=weights, placement=placement, **OPTIONS).extract(pixels)
        for placement in ("legacy", "exact")
    )
    np.testing.assert_array_equal(legacy.descriptors, exact.descriptors)
    # Sides of the pyramid are rounded, so that the ratio of sizes is only about one through the scale.
    expected = legacy.keypoints - 0.5 + 0.5 / legacy.scales[:, None]
    np.testing.assert_allclose(exact.keypoints, expected, atol=0.02)


def test_boxes(weights, pixels):
    box = (20, 10, 100, 80)
    whole, filtered, cropped = (
        load_extractor("r2d2", checkpoint=weights, box=use, num_features=None, **OPTIONS).extract(pixels, part)
        for use, part in (("crop", None), ("filter", box), ("crop", box))
    )
    x, y = whole.keypoints.T
    inside = (x >= 20) & (x <= 100) & (y >= 10) & (y <= 80)
    np.testing.assert_array_equal(filtered.keypoints, whole.keypoints[inside])
    part = load_extractor("r2d2", checkpoint=weights, num_features=None, **OPTIONS).extract(pixels[10:80, 20:100])
    np.testing.assert_allclose(cropped.keypoints, part.keypoints + np.array([20, 10]), atol=1e-4)


def test_images_without_keypoints(weights):
    extractor = load_extractor("r2d2", checkpoint=weights, repeatability=1.0)
    for shape in ((40, 60, 3), (1, 300), (300, 1, 3), (1, 1)):
        found = extractor.extract(np.zeros(shape, np.uint8))
        assert len(found) == 0
        assert found.descriptors.shape == (0, 128)
        assert found.keypoints.shape == (0, 2)


def test_real_weights_find_a_photograph_again(shared):
    pixels = np.load(shared("golden", "r2d2_real_weights.npz"), allow_pickle=False)["image"]
    extractor = load_extractor("r2d2", checkpoint=shared("weights", "r2d2_WASF_N16.pt"), num_features=300, min_size=180)
    first, second = extractor.extract(pixels), extractor.extract(pixels[:, 16:])
    similar = first.descriptors @ second.descriptors.T
    nearest = similar.argmax(axis=1)
    mutual = similar.argmax(axis=0)[nearest] == np.arange(len(first))
    moved = np.linalg.norm(first.keypoints[mutual] - [16, 0] - second.keypoints[nearest[mutual]], axis=1)
    assert mutual.sum() > 150
    assert (moved < 1).mean() > 0.8


def test_unfit_settings(weights, tmp_path):
    with pytest.raises(DataError, match="scale_factor: 1 should be greater than 1"):
        load_extractor("r2d2", checkpoint=weights, scale_factor=1)
    with pytest.raises(DataError, match="key 'checkpoint' is missing"):
        load_extractor("r2d2")
