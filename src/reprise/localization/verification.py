"""Which matches of a pair of images are geometrically possible: by the known poses of both, or by RANSAC."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.posed import Scene
from reprise.evaluation.poses import rotation_matrices
from reprise.localization.colmap import colmap_camera, load_pycolmap
from reprise.localization.pairs import Pair, write_pairs
from reprise.localization.settings import LocalizationSettings


def agree_with_poses(scene: Scene, pair: Pair, points: tuple[np.ndarray, np.ndarray], max_error: float) -> np.ndarray:
    """Tell which matches agree with the known poses of both references.

    A match agrees if the ray of each point is within ``max_error`` of the epipolar line of the other one, measured on
    the plane at depth 1, where distortion is undone and a pixel is one over the focal length.

    Args:
        scene: with the poses and cameras
        pair: the names of two references
        points: (m, 2) each, the matched keypoints in pixels
        max_error: in pixels

    Returns:
        (m,) bool
    """
    cameras = [colmap_camera(scene.cameras[name]) for name in pair]
    rays = [_rays(camera, found) for camera, found in zip(cameras, points, strict=True)]
    lines_of_first = rays[0] @ _essential(scene, pair).T  # in the second image
    lines_of_second = rays[1] @ _essential(scene, pair)
    residuals = np.abs(np.einsum("mi,mi->m", rays[1], lines_of_first))
    with np.errstate(divide="ignore", invalid="ignore"):
        errors = [residuals / np.linalg.norm(lines[:, :2], axis=1) for lines in (lines_of_second, lines_of_first)]
    bounds = [camera.cam_from_img_threshold(max_error) for camera in cameras]
    return (errors[0] <= bounds[0]) & (errors[1] <= bounds[1])  # NaN, where a ray or a line is none, is above


def calibrated_geometry(matches: np.ndarray) -> Any:
    """Return matches (m, 2) as COLMAP keeps verified ones.

    Without a configuration, triangulation passes over them without a word.
    """
    pycolmap = load_pycolmap()
    geometry = pycolmap.TwoViewGeometry(inlier_matches=np.asarray(matches, np.uint32).reshape(-1, 2))
    geometry.config = pycolmap.TwoViewGeometryConfiguration.CALIBRATED
    return geometry


def verify_by_ransac(path: str | os.PathLike, pairs: Sequence[Pair], settings: LocalizationSettings) -> None:
    """Let COLMAP verify the raw matches of pairs in a database, and add those that it keeps."""
    pycolmap = load_pycolmap()
    options = pycolmap.TwoViewGeometryOptions()
    options.ransac.max_error = settings.verification_error
    options.ransac.random_seed = settings.seed
    options.min_num_inliers = settings.min_num_matches
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "pairs.txt"
        write_pairs(listed, pairs)
        pycolmap.verify_matches(path, listed, options)


def _essential(scene: Scene, pair: Pair) -> np.ndarray:
    """The essential matrix E (3, 3) of two references: x_second' E x_first = 0."""
    first, second = (scene.references[name] for name in pair)
    R1, R2 = rotation_matrices(np.stack([first.quaternion, second.quaternion]))
    R = R2 @ R1.T
    x, y, z = second.translation - R @ first.translation
    return np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]) @ R


def _rays(camera: Any, points: np.ndarray) -> np.ndarray:
    """The directions (m, 3) of keypoints, of depth 1; NaN where the distortion of the camera has no inverse."""
    plane = np.asarray(camera.cam_from_img(np.asarray(points, np.float64).reshape(-1, 2)), np.float64)
    return np.column_stack([plane, np.ones(len(plane))])
