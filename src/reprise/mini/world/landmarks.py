"""Points in space on the planes of a scene, and where photographs show them, exactly."""

from collections.abc import Sequence

import numpy as np

from reprise.mini.world.planes import plane_to_image, transform
from reprise.mini.world.scenes import Scene
from reprise.mini.world.views import Picture


def points_in_space(scene: Scene, picture: Picture, pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Find what a photograph shows at pixels: world points (n, 3) in metres, and the index (n,) of their planes."""
    cells = np.floor(pixels).astype(int)
    owners = picture.owner[cells[:, 1], cells[:, 0]].astype(int)
    points = np.full((len(pixels), 3), np.nan)
    for index in np.unique(owners[owners >= 0]):
        plane = scene.planes[index]
        rows = owners == index
        points[rows] = plane.points(transform(np.linalg.inv(plane_to_image(plane, picture.view.camera)), pixels[rows]))
    return points, owners


def shown(pictures: Sequence[Picture], points: np.ndarray, owners: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Find which points each photograph shows, and where.

    Args:
        pictures: of one scene
        points: (n, 3) in metres
        owners: (n,) the index of the plane of each

    Returns:
        for each photograph, rows (m,) of the points and their pixels (m, 2)
    """
    found = []
    for picture in pictures:
        pixels, depth = picture.view.camera.project(points)
        rows = np.flatnonzero((depth > 0) & picture.view.camera.inside(pixels))
        cells = np.floor(pixels[rows]).astype(int)
        rows = rows[picture.owner[cells[:, 1], cells[:, 0]] == owners[rows]]
        found.append((rows, pixels[rows]))
    return found
