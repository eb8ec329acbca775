"""A pinhole camera."""

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Camera:
    """A pinhole camera without distortion: pixel ~ K (R X + t).

    World axes: x east, y north, z up. Pixel coordinates have their origin in the outer corner of the first pixel, so
    that the centre of the first pixel is at (0.5, 0.5).

    Attributes:
        K: (3, 3) intrinsics in pixels
        R: (3, 3) rotation from world to camera (x right, y down, z forward)
        t: (3,) in metres
        width: in pixels
        height: in pixels
    """

    K: np.ndarray
    R: np.ndarray
    t: np.ndarray
    width: int
    height: int

    @property
    def centre(self) -> np.ndarray:
        """(3,) position in the world, metres."""
        return -self.R.T @ self.t

    def record(self) -> dict[str, Any]:
        """K, R, t, width and height as JSON types."""
        matrices = {name: getattr(self, name).tolist() for name in ("K", "R", "t")}
        return {**matrices, "width": self.width, "height": self.height}

    def project(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project world points (n, 3) to pixels (n, 2) and depths (n,) in metres.

        Points behind the camera have a depth <= 0; their pixels are meaningless.
        """
        homogeneous = (points @ self.R.T + self.t) @ self.K.T
        depth = homogeneous[:, 2]
        return homogeneous[:, :2] / np.where(depth == 0, np.nan, depth)[:, None], depth

    def rays(self, pixels: np.ndarray) -> np.ndarray:
        """World directions (n, 3) through pixels (n, 2), scaled so that their depth is one metre."""
        homogeneous = np.column_stack([pixels, np.ones(len(pixels))])
        return homogeneous @ np.linalg.inv(self.K).T @ self.R

    def inside(self, pixels: np.ndarray) -> np.ndarray:
        """Tell which pixels (n, 2) lie in the image: (n,) bool."""
        x, y = pixels.T
        return (x >= 0) & (y >= 0) & (x < self.width) & (y < self.height)


def look_at(centre: np.ndarray, target: np.ndarray, *, roll: float, focal: float, width: int, height: int) -> Camera:
    """Make the camera at ``centre`` that looks at ``target``.

    Args:
        centre: (3,) position in metres
        target: (3,) position in metres
        roll: rotation about the optical axis in radians
        focal: focal length in pixels
        width: width of the image in pixels
        height: height of the image in pixels
    """
    forward = (target - centre) / np.linalg.norm(target - centre)
    right = np.cross(forward, [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    down = np.cross(forward, right)
    cosine, sine = np.cos(roll), np.sin(roll)
    R = np.stack([cosine * right + sine * down, -sine * right + cosine * down, forward])
    K = np.array([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
    return Camera(K, R, -R @ centre, width, height)
