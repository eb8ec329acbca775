"""Textured rectangles in space, and the homographies that they induce between images."""

from dataclasses import dataclass

import numpy as np

from reprise.mini.world.camera import Camera


@dataclass(frozen=True)
class Texture:
    """The surface of a plane, before any light falls on it.

    Attributes:
        albedo: (H, W, 3) uint8 RGB
        relief: (H, W) float32, metres in front of the plane
        glass: (H, W) uint8, 0 where there is none, else a number that all pixels of one window share
        alpha: (H, W) uint8, 0 where the plane has a hole or ends
        density: texture pixels per metre
    """

    albedo: np.ndarray
    relief: np.ndarray
    glass: np.ndarray
    alpha: np.ndarray
    density: float


@dataclass(frozen=True)
class Plane:
    """A textured rectangle; a point of it has coordinates (u, v) in metres from the origin along its two sides.

    Attributes:
        name: its name within the building
        origin: (3,) top left corner as seen from outside, in metres
        right: (3,) unit vector along the upper side
        down: (3,) unit vector along the left side
        width: in metres
        height: in metres
        texture: its surface
    """

    name: str
    origin: np.ndarray
    right: np.ndarray
    down: np.ndarray
    width: float
    height: float
    texture: Texture

    @property
    def normal(self) -> np.ndarray:
        """(3,) unit vector that points outward."""
        (a, b, c), (x, y, z) = self.down, self.right
        return np.array([b * z - c * y, c * x - a * z, a * y - b * x])

    @property
    def corners(self) -> np.ndarray:
        """(4, 2) plane coordinates, clockwise from the origin."""
        w, h = self.width, self.height
        return np.array([[0.0, 0.0], [w, 0.0], [w, h], [0.0, h]])

    def points(self, coordinates: np.ndarray) -> np.ndarray:
        """World points (n, 3) of plane coordinates (n, 2)."""
        return self.origin + coordinates[:, :1] * self.right + coordinates[:, 1:] * self.down

    def faces(self, camera: Camera) -> bool:
        """Tell whether the camera is on the outer side."""
        return float(self.normal @ (camera.centre - self.origin)) > 0.05


def plane_to_image(plane: Plane, camera: Camera) -> np.ndarray:
    """Compute the (3, 3) matrix from plane coordinates (u, v, 1) in metres to homogeneous pixels.

    The third component of the product is the depth in metres, and therefore the third component of the inverse,
    applied to (x, y, 1), is the inverse depth at that pixel.
    """
    columns = [camera.R @ plane.right, camera.R @ plane.down, camera.R @ plane.origin + camera.t]
    return camera.K @ np.column_stack(columns)


def homography(plane: Plane, camera_a: Camera, camera_b: Camera) -> np.ndarray:
    """Compute the homography (3, 3) from pixels of the plane in image a to pixels in image b (last entry 1)."""
    H = plane_to_image(plane, camera_b) @ np.linalg.inv(plane_to_image(plane, camera_a))
    return H / H[2, 2]


def transform(H: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Apply a homography (3, 3) to points (n, 2)."""
    homogeneous = np.column_stack([points, np.ones(len(points))]) @ H.T
    return homogeneous[:, :2] / homogeneous[:, 2:]
