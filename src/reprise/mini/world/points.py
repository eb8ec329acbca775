"""Points of a landmark that several photographs show, with the patch of pixels around each of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from reprise.mini.world.overlap import landmark_mask
from reprise.mini.world.planes import homography, transform
from reprise.mini.world.scenes import Scene
from reprise.mini.world.views import Picture

_RADII = (9.0, 18.0)  # of the region around a point in the first picture, in pixels
_SCALES = (0.45, 2.2)  # of the region in another picture, relative to the first


@dataclass(frozen=True)
class Sight:
    """A point as one picture shows it.

    Attributes:
        picture: its index
        frame: (2, 3) affine frame: maps the square from -1 to 1 to the region around the point, in pixels
    """

    picture: int
    frame: np.ndarray


def grey(picture: Picture) -> np.ndarray:
    """Return the picture in grey, (h, w) uint8."""
    return cv2.cvtColor(picture.image, cv2.COLOR_RGB2GRAY)


def corners(scene: Scene, picture: Picture, count: int) -> np.ndarray:
    """Find corners on the landmark, strongest first, (n, 2) pixels with the first pixel's centre at (0.5, 0.5)."""
    mask = cv2.erode(landmark_mask(scene, picture).astype(np.uint8), np.ones((9, 9), np.uint8))
    found = cv2.goodFeaturesToTrack(grey(picture), count, 0.01, 6, mask=mask)
    return np.empty((0, 2)) if found is None else found[:, 0].astype(np.float64) + 0.5


def sights(scene: Scene, pictures: Sequence[Picture], first: int, point: np.ndarray, radius: float) -> list[Sight]:
    """Find a point of one picture in all of them, by the plane that it is on.

    Args:
        scene: the scene
        pictures: of the scene
        first: the index of the picture
        point: (2,) pixels in it
        radius: of the region around the point, in pixels

    Returns:
        where it is visible, not too small or large, and its region inside of the picture; the first one among them, if
        its own region is
    """
    x, y = np.floor(point).astype(int)
    index = pictures[first].owner[y, x]
    found = []
    for number, picture in enumerate(pictures):
        H = homography(scene.planes[index], pictures[first].view.camera, picture.view.camera)
        (place,) = transform(H, point[None])
        frame = np.column_stack([radius * _jacobian(H, point, place), place])
        if (
            _shows(picture, index, frame)
            and _SCALES[0] < np.sqrt(abs(np.linalg.det(frame[:, :2]))) / radius < _SCALES[1]
        ):
            found.append(Sight(number, frame))
    return found


def draw_radius(rng: np.random.Generator) -> float:
    """Draw the radius of a region in the picture in which its point was found, in pixels."""
    return float(np.exp(rng.uniform(*np.log(_RADII))))


def upright(frame: np.ndarray) -> np.ndarray:
    """Return the frame (2, 3) of the same place, size and direction, a square as detectors without shapes find it."""
    scale = np.sqrt(abs(np.linalg.det(frame[:, :2])))
    angle = np.arctan2(frame[1, 0] - frame[0, 1], frame[0, 0] + frame[1, 1])
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return np.column_stack([scale * rotation, frame[:, 2]])


def jittered(frame: np.ndarray, rng: np.random.Generator, strength: float) -> np.ndarray:
    """Return a frame (2, 3) as an inexact detector finds it; ``strength`` is the standard deviation of its parts."""
    angle, shear = rng.normal(0, strength, 2)
    scales = np.exp(rng.normal(0, strength, 2))
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    change = turn @ np.array([[scales[0], shear], [0.0, scales[1]]])
    return np.column_stack([frame[:, :2] @ change, frame[:, 2] + frame[:, :2] @ rng.normal(0, strength / 2, 2)])


def cut(image: np.ndarray, frame: np.ndarray, size: int) -> np.ndarray:
    """Cut the region of a frame out of an image (h, w) uint8: (size, size) uint8."""
    centre = (size - 1) / 2
    step = frame[:, :2] * (2 / size)
    matrix = np.column_stack([step, frame[:, 2] - 0.5 - step @ [centre, centre]])
    shrinking = np.sqrt(abs(np.linalg.det(step)))
    smooth = cv2.GaussianBlur(image, (0, 0), 0.5 * shrinking) if shrinking > 1.2 else image
    return cv2.warpAffine(
        smooth, matrix, (size, size), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, borderMode=cv2.BORDER_REPLICATE
    )


def _jacobian(H: np.ndarray, point: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The derivative (2, 2) of a homography at a point that it maps to ``place``."""
    weight = H[2, :2] @ point + H[2, 2]
    return (H[:2, :2] - np.outer(place, H[2, :2])) / weight


def _shows(picture: Picture, plane: int, frame: np.ndarray) -> bool:
    """Tell whether a picture shows the point of a frame on its plane, and has the region around it."""
    height, width = picture.owner.shape
    reach = np.abs(frame[:, :2]).sum(axis=1)
    (x, y), (dx, dy) = frame[:, 2], reach
    if not (dx <= x <= width - dx and dy <= y <= height - dy):
        return False
    return bool(picture.owner[int(y), int(x)] == plane)
