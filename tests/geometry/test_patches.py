"""Patches of regions around keypoints."""

import numpy as np
import pytest
from hesaff_data import CASES, MEASUREMENT_REGION, load
from reference import hessian_affine as reference

from reprise.detectors import load_detector
from reprise.geometry import _kernels, frames_from_scales
from reprise.geometry.patches import are_inside, cut_patches
from reprise.images.pixels import mean_grey
from reprise.storage.errors import DataError


def ramp(size=(300, 400)):
    """An image whose value at (x, y), the centre of the first pixel at (0.5, 0.5), is 2 x + 3 y."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    return (2 * x + 3 * y).astype(np.float32)


@pytest.mark.parametrize("size", [16, 32, 41])
@pytest.mark.parametrize("scale", [1.8, 7.6, 40.5])  # of single samples, and of blurred ones
def test_a_patch_of_a_ramp_is_a_ramp(size, scale):
    frame = scale * np.array([[0.8, 0.0], [0.3, 1.25]])
    centre = np.array([170.25, 160.5])
    (patch,) = cut_patches(ramp(), centre[None], frame[None], size)
    samples = (np.arange(size) - (size - 1) / 2) * (2 * np.ceil(scale) + 1) / size
    u, v = np.meshgrid(samples, samples)
    x, y = np.moveaxis(np.stack([u, v], -1) @ (frame / scale).T + centre, -1, 0)
    inner = slice(None) if scale < 2 else slice(size // 4, -(size // 4) or None)  # the border is blurred with itself
    np.testing.assert_allclose(patch[inner, inner], (2 * x + 3 * y)[inner, inner], rtol=1e-4)


def test_columns_of_a_frame_are_the_axes_of_its_patch():
    quarter_turn = frames_from_scales(np.array([10.0]), np.array([np.pi / 2]))  # x of the patch goes down
    (upright,) = cut_patches(ramp(), np.array([[200.0, 150.0]]), frames_from_scales(np.array([10.0])), 41)
    (turned,) = cut_patches(ramp(), np.array([[200.0, 150.0]]), quarter_turn, 41)
    np.testing.assert_allclose(turned, np.rot90(upright), atol=0.01)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("size", [41])
def test_the_same_as_written_plainly(case, size):
    pixels = load(*case).pixels
    grey, keypoints = mean_grey(pixels), load_detector("hessian_affine").detect(pixels)
    patches = cut_patches(grey, keypoints.keypoints, MEASUREMENT_REGION * keypoints.affine.astype(np.float64), size)
    for row in range(0, len(keypoints), 7):
        x, y = keypoints.keypoints[row].astype(np.float64) - 0.5
        scale = float(keypoints.scales[row])
        expected = reference.cut(grey, x, y, scale, keypoints.affine[row] / scale, size)
        np.testing.assert_allclose(patches[row], expected, atol=0.02)


def test_regions_that_touch_the_border_are_told_as_when_written_plainly():
    random = np.random.default_rng(3)
    points = random.uniform([0, 0], [160, 120], (400, 2))
    scales = random.uniform(0.5, 8, 400)
    shapes = np.array([reference.upright(*shape) for shape in random.normal([3, 0, 0, 3], size=(400, 4))])
    image = np.zeros((120, 160), np.float32)
    cut = [
        reference.cut(image, *row, scale, shape, 41) for row, scale, shape in zip(points, scales, shapes, strict=True)
    ]
    inside = are_inside((120, 160), points + 0.5, MEASUREMENT_REGION * scales[:, None, None] * shapes, 41)
    np.testing.assert_array_equal(inside, [patch is not None for patch in cut])
    assert 50 < inside.sum() < 350


@pytest.mark.parametrize("scale", [5.0, 30.0])
def test_outside_of_the_image_is_its_border(scale):
    image = np.full((40, 60), 9, np.float32)
    image[:, 0] = 200
    far = cut_patches(image, np.array([[-500.0, 20.0], [30.0, -500.0]]), frames_from_scales(np.full(2, scale)), 32)
    np.testing.assert_allclose(far[0], 200)
    np.testing.assert_allclose(far[1].min(), 9)
    (single,) = cut_patches(np.full((1, 1), 7, np.float32), np.array([[0.5, 0.5]]), np.eye(2)[None] / 2, 8)
    np.testing.assert_allclose(single, 7)


def test_patches_do_not_depend_on_the_number_of_threads(monkeypatch):
    random = np.random.default_rng(4)
    image = random.uniform(0, 255, (90, 120)).astype(np.float32)
    points, scales = random.uniform(0, 90, (100, 2)), random.uniform(1, 30, 100)
    every = []
    for threads in (1, 3):
        monkeypatch.setattr(_kernels, "max_threads", lambda threads=threads: threads)
        every.append(cut_patches(image, points, frames_from_scales(scales), 32))
    np.testing.assert_array_equal(*every)


def test_no_keypoints_give_no_patches():
    assert cut_patches(ramp(), np.zeros((0, 2)), np.zeros((0, 2, 2)), 41).shape == (0, 41, 41)
    assert are_inside((9, 9), np.zeros((0, 2)), np.zeros((0, 2, 2)), 41).shape == (0,)


@pytest.mark.parametrize(
    ("frame", "keypoint", "size", "message"),
    [
        (1e6 * np.eye(2), (5, 5), 41, "keypoint 1: its region of 2000001 pixels is far larger than the image"),
        (np.diag([1.0, -1.0]), (5, 5), 41, "frame 1: its determinant is not positive"),
        (np.diag([np.nan, 1.0]), (5, 5), 41, "frame 1: is not finite"),
        (np.eye(2), (np.inf, 5), 41, "keypoint 1: is not finite"),
        (np.eye(2), (5, 5), 1, "size: patches of 1 x 1"),
        (np.eye(2), (5, 5), 513, "size: patches of 513 x 513"),
    ],
)
def test_what_cannot_be_cut(frame, keypoint, size, message):
    frames, keypoints = np.stack([np.eye(2), frame]), np.array([(5, 5), keypoint], np.float32)
    with pytest.raises(DataError, match=message):
        cut_patches(ramp((30, 30)), keypoints, frames, size)


def test_arrays_that_do_not_fit():
    with pytest.raises(DataError, match="expected"):
        cut_patches(ramp(), np.zeros((3, 2)), np.zeros((2, 2, 2)), 41)
    with pytest.raises(DataError, match="grey images"):
        cut_patches(np.zeros((3, 3, 3), np.float32), np.zeros((0, 2)), np.zeros((0, 2, 2)), 41)
