"""Draws planes into an image with a depth buffer."""

from dataclasses import dataclass

import cv2
import numpy as np

from reprise.mini.world.camera import Camera
from reprise.mini.world.lighting import Light, shade
from reprise.mini.world.planes import Plane, Texture, plane_to_image, transform

SUPERSAMPLING = 2
BACKGROUND, OCCLUDER = -1, -2
NEAR = 0.5  # metres


@dataclass
class Frame:
    """An unfinished picture, at SUPERSAMPLING times the size of the camera's image.

    Attributes:
        image: (H, W, 3) uint8
        inverse_depth: (H, W) float32 in 1/metres, 0 at infinity
        owner: (H, W) int16, the index of the visible plane, BACKGROUND or OCCLUDER
    """

    image: np.ndarray
    inverse_depth: np.ndarray
    owner: np.ndarray

    @classmethod
    def over(cls, backdrop: np.ndarray, inverse_depth: np.ndarray) -> "Frame":
        """A frame that shows the backdrop, (h, w, 3) and (h, w), and no plane yet."""
        size = (backdrop.shape[1] * SUPERSAMPLING, backdrop.shape[0] * SUPERSAMPLING)
        return cls(
            cv2.resize(backdrop, size, interpolation=cv2.INTER_LINEAR),
            cv2.resize(inverse_depth, size, interpolation=cv2.INTER_NEAREST),
            np.full(size[::-1], BACKGROUND, np.int16),
        )

    def finished(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Image (h, w, 3) uint8, inverse depth (h, w) and owner (h, w) in the camera's own resolution."""
        size = (self.image.shape[1] // SUPERSAMPLING, self.image.shape[0] // SUPERSAMPLING)
        image = cv2.resize(self.image, size, interpolation=cv2.INTER_AREA)
        inverse_depth = cv2.resize(self.inverse_depth, size, interpolation=cv2.INTER_AREA)
        return image, inverse_depth, np.ascontiguousarray(self.owner[::SUPERSAMPLING, ::SUPERSAMPLING])


def paint_plane(frame: Frame, index: int, plane: Plane, camera: Camera, light: Light) -> None:
    """Draw a plane wherever nothing nearer has been drawn. Planes seen from behind are not drawn."""
    if not plane.faces(camera):
        return
    to_frame = np.diag([SUPERSAMPLING, SUPERSAMPLING, 1.0]) @ plane_to_image(plane, camera)
    depths = np.column_stack([plane.corners, np.ones(4)]) @ to_frame[2]
    if (depths < NEAR).all():
        return
    box = region(to_frame, plane, frame, whole=bool((depths < NEAR).any()))
    if box is None:
        return
    x0, y0, x1, y1 = box
    texture = fitted(plane, to_frame, crossing=bool((depths < NEAR).any()))
    to_metres = np.diag([1 / texture.density, 1 / texture.density, 1.0])
    rows, columns = texture.relief.shape
    # A texture is rounded to whole pixels: it is stretched to fill its plane exactly.
    to_metres[0, 0], to_metres[1, 1] = plane.width / columns, plane.height / rows
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    shift = np.array([[1, 0, -x0 - 0.5], [0, 1, -y0 - 0.5], [0, 0, 1]])
    H = shift @ to_frame @ to_metres @ half
    size = (x1 - x0, y1 - y0)
    third = np.linalg.inv(to_frame)[2]
    x, y = np.arange(x0, x1) + 0.5, np.arange(y0, y1) + 0.5
    inverse_depth = (third[0] * x[None, :] + third[1] * y[:, None] + third[2]).astype(np.float32)
    alpha = cv2.warpPerspective(texture.alpha, H, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    seen = (alpha > 127) & (inverse_depth > frame.inverse_depth[y0:y1, x0:x1]) & (inverse_depth < 1 / NEAR)
    if not seen.any():
        return
    lit = shade(plane, texture, light)
    colour = cv2.warpPerspective(lit, H, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    cv2.copyTo(colour, seen.astype(np.uint8), frame.image[y0:y1, x0:x1])
    frame.inverse_depth[y0:y1, x0:x1][seen] = inverse_depth[seen]
    frame.owner[y0:y1, x0:x1][seen] = index


def region(to_frame: np.ndarray, plane: Plane, frame: Frame, *, whole: bool) -> tuple[int, int, int, int] | None:
    """Find the part (x0, y0, x1, y1) of the frame that can show the plane; None if it is outside."""
    height, width = frame.owner.shape
    if whole:  # part of the plane is behind the camera: its corners say nothing
        return 0, 0, width, height
    corners = transform(to_frame, plane.corners)
    low = np.clip(np.floor(corners.min(0)).astype(int) - 1, 0, [width, height])
    high = np.clip(np.ceil(corners.max(0)).astype(int) + 2, 0, [width, height])
    return (int(low[0]), int(low[1]), int(high[0]), int(high[1])) if (high > low).all() else None


def fitted(plane: Plane, to_frame: np.ndarray, *, crossing: bool) -> Texture:
    """Reduce the plane's texture along each axis to about the resolution in which the frame shows it."""
    texture = plane.texture
    if crossing:
        return texture
    a, b, c, d = transform(to_frame, plane.corners)
    rows, columns = texture.relief.shape
    wide = max(np.linalg.norm(b - a), np.linalg.norm(c - d)) / columns
    tall = max(np.linalg.norm(d - a), np.linalg.norm(c - b)) / rows
    size = (max(int(columns * min(wide, 1)), 4), max(int(rows * min(tall, 1)), 4))
    if size[0] > 0.85 * columns and size[1] > 0.85 * rows:
        return texture
    return Texture(
        albedo=cv2.resize(texture.albedo, size, interpolation=cv2.INTER_AREA),
        relief=cv2.resize(texture.relief, size, interpolation=cv2.INTER_AREA),
        glass=cv2.resize(texture.glass, size, interpolation=cv2.INTER_NEAREST),
        alpha=cv2.resize(texture.alpha, size, interpolation=cv2.INTER_AREA),
        density=texture.density * float(np.sqrt(size[0] / columns * size[1] / rows)),
    )
