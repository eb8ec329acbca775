"""The Hessian-affine detector, stage by stage."""

import numpy as np
import pytest
from hesaff_data import CASES, MEASUREMENT_REGION, golden_places, load, match, places
from reference import hessian_affine as reference

from reprise.detectors import Keypoints, load_detector
from reprise.geometry import _kernels, ellipses_from_frames

DETECTOR = load_detector("hessian_affine")


def blobs(*list_of_blobs, size=(200, 260), background=60):
    """A grey image of bright Gaussian blobs (x, y, covariance), the centre of its first pixel at (0.5, 0.5)."""
    y, x = np.mgrid[: size[0], : size[1]] + 0.5
    pixels = np.full(size, background, np.float64)
    for cx, cy, covariance in list_of_blobs:
        d = np.stack([x - cx, y - cy], axis=-1)
        pixels += 160 * np.exp(-0.5 * np.einsum("...i,ij,...j", d, np.linalg.inv(covariance), d))
    return np.clip(np.round(pixels), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("case", CASES)
def test_counts_per_octave_and_level(case):
    golden = load(*case)
    counts = np.zeros_like(golden.counts)[:3]
    for found in DETECTOR.levels(golden.pixels):
        numbers = found.candidates, len(found.points), (found.iterations >= 0).sum()
        if found.level.octave < counts.shape[1]:
            counts[:, found.level.octave, found.level.number] = numbers
        else:
            assert not any(numbers)
    np.testing.assert_allclose(counts.sum(axis=(1, 2)), golden.counts[:3].sum(axis=(1, 2)), rtol=0.01)
    # One keypoint of a level is more than a hundredth of few.
    assert np.abs(counts - golden.counts[:3]).max() <= 1


@pytest.mark.parametrize("case", CASES)
def test_points_and_shapes_before_anything_is_dropped(case):
    golden = load(*case)
    found = list(DETECTOR.levels(golden.pixels))
    points, scales, responses, shapes, iterations = (
        np.concatenate([getattr(level, key) for level in found])
        for key in ("points", "scales", "responses", "shapes", "iterations")
    )
    x, y, s, distance, response = golden.hessian.T
    nearest = match(np.column_stack([points, scales]), np.column_stack([x, y, s]))
    pixels = np.concatenate([np.full(len(level.points), level.level.pixel) for level in found])
    np.testing.assert_array_equal(pixels[nearest], distance)
    near = np.abs(np.column_stack([points, scales])[nearest] - np.column_stack([x, y, s])).max(axis=1) < 0.05
    assert near.mean() >= 0.99
    close = np.isclose(responses[nearest], response, rtol=0.01, atol=0.05)
    assert close.mean() >= 0.99
    rows = nearest[golden.shape_index]
    same = np.abs(shapes[rows].reshape(-1, 4) - golden.shapes).max(axis=1) < 0.01
    assert same.mean() >= 0.99
    assert (iterations[rows] == golden.shape_iterations).mean() >= 0.99
    dropped = np.setdiff1d(np.arange(len(x)), golden.shape_index)
    assert (iterations[nearest[dropped]] == -1).mean() >= 0.99


@pytest.mark.parametrize("case", CASES)
def test_regions(case):
    golden = load(*case)
    keypoints = DETECTOR.detect(golden.pixels)
    assert len(keypoints) == pytest.approx(len(golden.regions), rel=0.01)
    nearest = match(places(keypoints), golden_places(golden))
    near = np.abs(keypoints.keypoints[nearest] - 0.5 - golden.regions[:, :2]).max(axis=1) < 0.05
    ellipses = ellipses_from_frames(MEASUREMENT_REGION * keypoints.affine[nearest].astype(np.float64))
    differences = np.abs(ellipses - golden.regions[:, 2:]).max(axis=1) / golden.regions[:, 2:].max(axis=1)
    assert (near & (differences < 0.01)).mean() >= 0.99


@pytest.mark.parametrize("size", [(64, 91), (150, 13), (37, 40)])
def test_the_same_as_written_plainly(size):
    small = np.random.default_rng(size[1]).integers(0, 256, (size[0] // 4 + 1, size[1] // 4 + 1, 3), np.uint8)
    pixels = small.repeat(4, axis=0).repeat(4, axis=1)[: size[0], : size[1]]
    expected = reference.detect(pixels)
    found = list(DETECTOR.levels(pixels))
    assert sum(level.candidates for level in found) == sum(expected.extrema.values())
    points = np.concatenate([np.column_stack([level.points, level.scales, level.responses]) for level in found])
    np.testing.assert_allclose(points, np.array(expected.points)[:, [0, 1, 2, 4]], rtol=1e-4, atol=1e-3)
    keypoints = DETECTOR.detect(pixels)
    rows = np.array(expected.regions).reshape(-1, 5)
    scales = points[rows[:, 0].astype(int), 2]
    frames = scales[:, None, None] * rows[:, 1:].reshape(-1, 2, 2)
    np.testing.assert_allclose(keypoints.affine, frames, rtol=1e-3, atol=1e-3)


def test_a_blob_is_found_where_it_is_with_its_scale():
    keypoints = DETECTOR.detect(blobs((120.5, 90.0, 36 * np.eye(2))))
    best = keypoints.scores.argmax()
    np.testing.assert_allclose(keypoints.keypoints[best], [120.5, 90.0], atol=0.1)
    assert keypoints.scales[best] == pytest.approx(6, rel=0.1)
    np.testing.assert_allclose(keypoints.affine[best], keypoints.scales[best] * np.eye(2), rtol=0.05, atol=0.3)


def test_the_shape_of_a_blob_is_that_of_its_ellipse_as_blurred_as_the_level():
    covariance = np.array([[64.0, 20.0], [20.0, 25.0]])
    found = max(DETECTOR.levels(blobs((120.0, 90.0, covariance))), key=lambda level: level.responses.max(initial=0))
    shape = found.shapes[found.responses.argmax()]
    below = found.level.pixel * found.level.sigma / 2 ** (1 / 3)
    blurred = covariance + (below**2 - 0.5**2) * np.eye(2)
    np.testing.assert_allclose(shape @ shape.T, blurred / np.sqrt(np.linalg.det(blurred)), atol=0.05)


def test_three_blobs_are_at_least_three_keypoints():
    centres = [(60, 60), (200, 70), (120, 140)]
    keypoints = DETECTOR.detect(blobs(*((x, y, 25 * np.eye(2)) for x, y in centres)))
    for centre in centres:
        assert np.linalg.norm(keypoints.keypoints - centre, axis=1).min() < 0.2


def test_frames_are_upright_and_as_large_as_the_scale():
    keypoints = DETECTOR.detect(load("hesaff", 0).pixels)
    assert not keypoints.affine[:, 0, 1].any()
    assert (keypoints.affine[:, [0, 1], [0, 1]] > 0).all()
    np.testing.assert_allclose(np.linalg.det(keypoints.affine) ** 0.5, keypoints.scales, rtol=1e-5)
    assert (keypoints.scores >= (16 / 3) ** 2).all()
    arrays = (keypoints.keypoints, keypoints.scores, keypoints.scales, keypoints.affine)
    assert {array.dtype for array in arrays} == {np.dtype(np.float32)}


def test_a_higher_threshold_gives_fewer_of_the_same():
    pixels = load("hesaff", 0).pixels
    every, few = DETECTOR.detect(pixels), load_detector("hessian_affine", threshold=12.0).detect(pixels)
    assert 0 < len(few) < len(every)
    assert {*few.scores} <= {*every.scores}
    assert (few.scores >= 144).all()


@pytest.mark.parametrize("size", [(1, 1), (12, 400), (13, 13), (300, 1), (64, 48)])
def test_images_without_keypoints(size):
    keypoints = DETECTOR.detect(np.full((*size, 3), 77, np.uint8))
    assert isinstance(keypoints, Keypoints)
    arrays = (keypoints.keypoints, keypoints.scores, keypoints.scales, keypoints.affine)
    assert [array.shape for array in arrays] == [(0, 2), (0,), (0,), (0, 2, 2)]


def test_grey_is_the_mean_of_the_channels():
    grey = blobs((100, 80, 16 * np.eye(2)), (150, 120, [[30.0, 5.0], [5.0, 60.0]]))
    of_grey, of_three = DETECTOR.detect(grey), DETECTOR.detect(grey[..., None].repeat(3, axis=2))
    np.testing.assert_array_equal(of_grey.affine, of_three.affine)
    shifted = np.stack([grey - 30, grey, np.minimum(grey.astype(int) + 30, 255)], axis=2).astype(np.uint8)
    np.testing.assert_array_equal(DETECTOR.detect(shifted).keypoints, of_grey.keypoints)


def test_keypoints_do_not_depend_on_the_number_of_threads(monkeypatch):
    pixels, every = load("hesaff", 1).pixels, []
    for threads in (1, 3):
        monkeypatch.setattr(_kernels, "max_threads", lambda threads=threads: threads)
        every.append(DETECTOR.detect(pixels).affine)
    np.testing.assert_array_equal(*every)
