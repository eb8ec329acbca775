"""Training samples of HNDesc, against those of the published program with the same random numbers."""

import json

import numpy as np
import pytest
import torch

from reprise.geometry import project
from reprise.storage.errors import DataError
from reprise.training.hndesc.crops import CropNumbers, crop_homography, inside, moved_centre, random_centre, warp
from reprise.training.hndesc.samples import POINTS, sample_descriptors, training_sample


@pytest.fixture(scope="module")
def arrays(golden):
    return dict(golden("hndesc_training_sample"))


def replay(recorded):
    """Random numbers as they were drawn."""
    numbers = [value for _, *values in recorded for value in values]

    def draw(count):
        taken, numbers[:count] = numbers[:count], []
        # The fallback draws more than the program recorded, with another generator.
        return np.array(taken) if len(taken) == count else np.random.default_rng(0).random(count)

    return draw


IMAGES = {
    "warp_image": lambda image: image,
    "clip(round((warp_image - 120) * 0.78 + 120), 0, 255)": lambda image: np.clip(
        np.round((image.astype(float) - 120) * 0.78 + 120), 0, 255
    ).astype(np.uint8),
    "warp_image // 8 + 100": lambda image: image // 8 + 100,
}


def test_golden_homographies(arrays):
    for number in range(48):
        u, size = arrays["u"][number].astype(float), int(arrays["crop_size"][number])
        drawn = CropNumbers(u[0], tuple(u[1:3]), tuple(u[3:5]), u[5], 0.0 if arrays["vertical"][number] else 1.0)
        if arrays["second"][number]:
            signs = np.where(arrays["signs"][number] > 0, 0.0, 1.0)
            centre = moved_centre(arrays["first_centre"][number], signs, size)
        else:
            centre = random_centre(drawn, tuple(arrays["image_hw"][number][::-1]), size)
        np.testing.assert_allclose(centre, arrays["centre"][number], rtol=0, atol=1e-3)
        corners = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1.0]])
        found = np.linalg.inv(crop_homography(drawn, centre, size))
        expected = project(arrays["crop_to_image"][number], corners)
        np.testing.assert_allclose(project(found, corners), expected, rtol=0, atol=1e-3)


def test_published_example():
    drawn = CropNumbers(0.5, (0.25, 0.75), (0.2, 0.9), 0.6, 0.0)
    centre = random_centre(drawn, (640, 480), 256)
    np.testing.assert_allclose(centre, [241.458701, 278.541299], atol=1e-5)
    corners = np.array([[0, 0], [255, 0], [0, 255], [255, 255.0]])
    expected = [
        [132.391068, 167.110428], [359.894985, 211.207505], [121.340858, 377.961060], [352.207882, 357.886204],
    ]  # fmt: skip
    found = project(np.linalg.inv(crop_homography(drawn, centre, 256)), corners)
    np.testing.assert_allclose(found, expected, atol=1e-4)


def test_golden_warp(arrays):
    crop = warp(arrays["warp_image"], arrays["warp_homography"], 96)
    assert np.abs(crop.astype(int) - arrays["warp_crop"]).max() <= 2
    found = project(arrays["warp_homography"], arrays["warp_keypoints"][:, :2])
    np.testing.assert_allclose(found, arrays["warp_keypoints_in_crop"][:, :2], rtol=0, atol=0.01)
    np.testing.assert_array_equal(inside(found, 96), arrays["warp_valid"])
    np.testing.assert_array_equal(inside(arrays["edge_keypoints"][:, :2], 96), arrays["edge_valid"])


@pytest.mark.parametrize("number", range(6))
def test_golden_items(arrays, number):
    item, prefix = json.loads(str(arrays["items"]))[number], f"item{number}_"
    image = IMAGES[item["image"]](arrays["warp_image"])
    # Both styles of an altered image are those of the original one.
    found = training_sample(
        image, arrays[item["keypoints"]][:, :2], replay(item["random"]), crop_size=96,
        stylised=255 - arrays["warp_image"],
    )  # fmt: skip
    assert found.attempts == item["attempts"]
    np.testing.assert_allclose([found.source.mean(), found.target.mean()], arrays[f"{prefix}crop_means"], atol=0.5)
    if number < 2:
        for name, crop in (("source", found.source), ("target", found.target)):
            assert np.abs(crop.astype(int) - arrays[prefix + name]).max() <= 2
    if item["attempts"] <= 10:
        for name, points in (("source", found.source_keypoints), ("target", found.target_keypoints)):
            np.testing.assert_allclose(points, arrays[f"{prefix}{name}_keypoints"], rtol=0, atol=0.01)
        corners = np.array([[0, 0], [95, 0], [0, 95], [95, 95.0]])
        expected = project(arrays[f"{prefix}homography"], corners)
        np.testing.assert_allclose(project(found.homography, corners), expected, rtol=0, atol=1e-2)
    else:
        assert found.source_keypoints.shape == arrays[f"{prefix}source_keypoints"].shape == (POINTS, 2)
        np.testing.assert_array_equal(found.source_keypoints, found.target_keypoints)
        np.testing.assert_array_equal(found.source_keypoints, np.rint(found.source_keypoints))
        np.testing.assert_array_equal(found.homography, arrays[f"{prefix}homography"])


@pytest.mark.parametrize("name", ["divisible", "padded"])
def test_golden_sampling_of_the_u_net(arrays, name):
    height, width = arrays[f"sampling_{name}_image_hw"]
    found = sample_descriptors(
        torch.from_numpy(arrays[f"sampling_{name}_map"]), arrays[f"sampling_{name}_keypoints"], (width, height), "caps"
    )
    np.testing.assert_allclose(found, arrays[f"sampling_{name}_descriptors"], rtol=0, atol=1e-5)


def test_golden_sampling_of_nearest_pixels(arrays):
    map = torch.from_numpy(arrays["nearest_map"])[None].requires_grad_()
    found = sample_descriptors(map, arrays["nearest_keypoints"], (96, 96), "r2d2")
    np.testing.assert_allclose(found.detach(), arrays["nearest_descriptors"], rtol=0, atol=1e-5)
    found.sum().backward()
    assert map.grad.abs().sum() > 0


def test_points_are_the_same_places_of_the_image(arrays):
    for seed in range(8):
        random = np.random.default_rng(seed)
        keypoints = random.uniform(0, 180, (900, 2))
        found = training_sample(arrays["warp_image"], keypoints, random.random, crop_size=96)
        assert 0 < len(found.source_keypoints) <= POINTS
        mapped = project(found.homography, found.source_keypoints)
        np.testing.assert_allclose(mapped, found.target_keypoints, atol=1e-2)
        assert inside(found.source_keypoints, 96).all()
        assert inside(found.target_keypoints, 96).all()


def test_the_same_numbers_give_the_same_sample(arrays):
    first, second = (
        training_sample(
            arrays["warp_image"], arrays["warp_keypoints"][:, :2], np.random.default_rng(4).random, crop_size=96
        )
        for _ in "ab"
    )
    np.testing.assert_array_equal(first.target, second.target)
    np.testing.assert_array_equal(first.target_keypoints, second.target_keypoints)


def test_without_a_common_point_both_crops_are_the_first(arrays):
    """One keypoint, which the first crop has in its corner and the second one has not."""
    for seed in range(400):
        random = np.random.default_rng(seed)
        keypoints = random.uniform(30, 150, (1, 2))
        found = training_sample(arrays["warp_image"], keypoints, random.random, crop_size=96)
        if found.attempts <= 10 and np.array_equal(found.homography, np.eye(3)):
            break
    np.testing.assert_array_equal(found.source, found.target)
    np.testing.assert_array_equal(found.source_keypoints, found.target_keypoints)
    assert len(found.source_keypoints) == 1


@pytest.mark.parametrize(
    ("image", "keypoints", "stylised", "message"),
    [
        (np.zeros((9, 9), np.uint8), np.zeros((1, 2)), None, "image: uint8 .* give .H, W, 3. uint8"),
        (np.zeros((9, 9, 3)), np.zeros((1, 2)), None, "image: float64"),
        (np.zeros((9, 9, 3), np.uint8), np.zeros((1, 3)), None, "keypoints: of shape"),
        (np.zeros((9, 9, 3), np.uint8), np.full((1, 2), np.nan), None, "keypoints: of shape"),
        (np.zeros((9, 9, 3), np.uint8), np.zeros((1, 2)), np.zeros((9, 8, 3), np.uint8), "stylised: uint8"),
    ],
)
def test_unfit_input(image, keypoints, stylised, message):
    with pytest.raises(DataError, match=message):
        training_sample(image, keypoints, np.random.default_rng(0).random, stylised=stylised, style_share=1.0)
