"""Affine frames, ellipses, scales and angles."""

import numpy as np
import pytest

from reprise.geometry import (
    ellipses_from_frames,
    frames_from_ellipses,
    frames_from_scales,
    scales_and_angles,
    upright,
)
from reprise.storage.errors import DataError


@pytest.fixture
def frames():
    random = np.random.default_rng(0)
    frames = random.normal(size=(200, 2, 2)) * random.uniform(1, 30, (200, 1, 1))
    frames[np.linalg.det(frames) < 0] = frames[np.linalg.det(frames) < 0][:, :, ::-1]
    return frames


def test_the_unit_circle_goes_to_the_ellipse(frames):
    angles = np.linspace(0, 2 * np.pi, 17)
    circle = np.stack([np.cos(angles), np.sin(angles)])
    x, y = np.moveaxis(frames @ circle, 1, 0)
    a, b, c = ellipses_from_frames(frames).T[:, :, None]
    np.testing.assert_allclose(a * x**2 + 2 * b * x * y + c * y**2, 1, rtol=1e-6)


def test_upright_frames_are_of_the_same_ellipse(frames):
    straight = upright(frames)
    assert (straight[:, 0, 1] == 0).all()
    assert (straight[:, [0, 1], [0, 1]] > 0).all()
    np.testing.assert_allclose(straight @ straight.transpose(0, 2, 1), frames @ frames.transpose(0, 2, 1), rtol=1e-5)
    np.testing.assert_allclose(upright(straight), straight, rtol=1e-5, atol=1e-9)


def test_a_frame_is_upright_and_turned(frames):
    scales, angles = scales_and_angles(frames)
    np.testing.assert_allclose(scales**2, np.linalg.det(frames))
    np.testing.assert_allclose(upright(frames) @ frames_from_scales(np.ones(len(frames)), angles), frames, rtol=1e-4)


def test_scales_and_angles_come_back():
    random = np.random.default_rng(1)
    scales, angles = random.uniform(0.5, 50, 300), random.uniform(-3.1, 3.1, 300)
    back = scales_and_angles(frames_from_scales(scales, angles))
    np.testing.assert_allclose(back[0], scales)
    np.testing.assert_allclose(back[1], angles, atol=1e-12)


def test_angles_turn_from_x_towards_y():
    frame = frames_from_scales(np.array([2.0]), np.array([np.pi / 2]))[0]
    np.testing.assert_allclose(frame @ [1, 0], [0, 2], atol=1e-12)
    np.testing.assert_array_equal(frames_from_scales(np.array([3.0]))[0], [[3, 0], [0, 3]])


@pytest.mark.parametrize("number", [0, 1])
def test_published_regions(golden, number):
    """Upright shapes of Hessian-Affine regions and the ellipses that its program printed of them, with six digits."""
    arrays = golden("hesaff")
    shapes = arrays[f"region_shapes_{number}"].astype(np.float64).reshape(-1, 2, 2)
    regions = arrays[f"regions_{number}"]
    frames = frames_from_ellipses(regions[:, 2:])
    scales, angles = scales_and_angles(frames)
    np.testing.assert_array_equal(angles, 0)
    np.testing.assert_allclose(
        frames / scales[:, None, None], shapes / scales_and_angles(shapes)[0][:, None, None], atol=2e-4
    )
    # The measurement region is sqrt(3) * 3 times the scale at which the point was found.
    sizes = arrays[f"hessian_{number}"][arrays[f"region_index_{number}"], 2]
    np.testing.assert_allclose(scales, 3 * np.sqrt(3) * sizes, rtol=1e-4)
    np.testing.assert_allclose(ellipses_from_frames(frames), regions[:, 2:], rtol=1e-8, atol=1e-12)


@pytest.mark.parametrize("ellipse", [(1, 2, 1), (-1, 0, -1), (0, 0, 1), (np.nan, 0, 1)])
def test_what_is_no_ellipse(ellipse):
    with pytest.raises(DataError, match="ellipse 1: .* is no ellipse"):
        frames_from_ellipses(np.array([(1, 0, 1), ellipse]))


@pytest.mark.parametrize("frame", [[[1, 0], [0, -1]], [[1, 1], [1, 1]]])
def test_what_is_no_frame(frame):
    with pytest.raises(DataError, match="frame 1: its determinant"):
        scales_and_angles(np.array([np.eye(2), frame]))
