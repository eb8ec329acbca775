"""Errors of poses, against their definitions."""

import numpy as np
import pytest

from reprise.evaluation.poses import THRESHOLDS, camera_centres, pose_errors, rotation_matrices, shares_within


@pytest.fixture
def poses():
    rng = np.random.default_rng(1)
    quaternions = rng.normal(size=(2, 50, 4))
    return quaternions / np.linalg.norm(quaternions, axis=2, keepdims=True), rng.normal(size=(2, 50, 3))


def test_errors_are_the_distance_of_centres_and_the_angle_between_rotations(poses):
    (q, true_q), (t, true_t) = poses
    errors = pose_errors(q, t, true_q, true_t)
    R, true_R = rotation_matrices(q), rotation_matrices(true_q)
    assert np.allclose(R @ np.swapaxes(R, 1, 2), np.eye(3))
    cosine = (np.trace(R @ np.swapaxes(true_R, 1, 2), axis1=1, axis2=2) - 1) / 2
    assert np.allclose(errors[:, 1], np.degrees(np.arccos(np.clip(cosine, -1, 1))))
    centres = [-each.T @ translation for each, translation in zip(R, t, strict=True)]
    assert np.allclose(camera_centres(q, t), centres)
    assert np.allclose(errors[:, 0], np.linalg.norm(camera_centres(q, t) - camera_centres(true_q, true_t), axis=1))


def test_a_pose_is_at_no_distance_from_itself_whatever_the_sign_of_its_quaternion(poses):
    (q, _), (t, _) = poses
    assert pose_errors(-q, t, q, t).max() < 1e-12


def test_small_angles_keep_their_digits():
    q, t = np.array([[1.0, 0, 0, 0]]), np.zeros((1, 3))
    turned = np.array([[np.cos(5e-10), np.sin(5e-10), 0, 0]])
    assert pose_errors(turned, t, q, t)[0, 1] == pytest.approx(np.degrees(1e-9), rel=1e-9)


def test_an_image_without_a_pose_is_within_no_bounds():
    q, t = np.array([[1.0, 0, 0, 0]] * 2), np.zeros((2, 3))
    found = q.copy()
    found[1] = np.nan
    errors = pose_errors(found, t, q, t)
    assert np.isinf(errors[1]).all()
    assert shares_within(errors).tolist() == [0.5, 0.5, 0.5]


def test_bounds_are_inclusive_and_both_count():
    errors = np.array([[0.25, 2.0], [0.25, 2.1], [0.6, 1.0], [6.0, 0.0]])
    assert THRESHOLDS == ((0.25, 2.0), (0.5, 5.0), (5.0, 10.0))
    assert shares_within(errors).tolist() == [0.25, 0.5, 0.75]
    assert np.isnan(shares_within(np.zeros((0, 2)))).all()
