"""Ground truth by measurement: the part of one photograph that is visible in another."""

from dataclasses import dataclass

import numpy as np

from reprise.mini.world.planes import homography, transform
from reprise.mini.world.scenes import Scene
from reprise.mini.world.views import Picture

STRIDE = 6  # pixels between the samples of the query image


@dataclass(frozen=True)
class Overlap:
    """How a query's landmark appears in a database image.

    Attributes:
        share: share of the landmark's visible pixels in the query that are visible in the database image too
        scale: median ratio of lengths, database image to query
        angle: angle between the two lines of sight to the landmark, in degrees
        weather: weather of the database image
    """

    share: float
    scale: float
    angle: float
    weather: str


def landmark_mask(scene: Scene, picture: Picture) -> np.ndarray:
    """Find the pixels that show the landmark: (h, w) bool."""
    return (picture.owner >= 0) & (picture.owner < len(scene.landmark.planes))


def query_box(scene: Scene, picture: Picture) -> tuple[float, float, float, float]:
    """Return the bounds x1, y1, x2, y2 of the landmark in pixels; of the whole picture if it is not visible."""
    rows, columns = np.nonzero(landmark_mask(scene, picture))
    if len(rows) == 0:
        return 0.0, 0.0, float(picture.owner.shape[1]), float(picture.owner.shape[0])
    return float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)


def measure(scene: Scene, query: Picture, database: Picture) -> Overlap:
    """The overlap of the query's landmark with a database image of the same scene."""
    camera_q, camera_d = query.view.camera, database.view.camera
    rows, columns = np.nonzero(landmark_mask(scene, query)[::STRIDE, ::STRIDE])
    rows, columns = rows * STRIDE, columns * STRIDE
    owners = query.owner[rows, columns]
    seen, scales = 0, [np.empty(0)]
    for index in np.unique(owners):
        H = homography(scene.planes[index], camera_q, camera_d)
        chosen = owners == index
        pixels = np.column_stack([columns[chosen], rows[chosen]]) + 0.5
        matches = transform(H, pixels)
        inside = camera_d.inside(matches)
        cells = np.floor(matches[inside]).astype(int)
        visible = database.owner[cells[:, 1], cells[:, 0]] == index
        seen += int(visible.sum())
        weight = pixels[inside][visible] @ H[2, :2] + H[2, 2]
        scales.append(np.sqrt(np.abs(np.linalg.det(H) / weight**3)))
    scale = np.concatenate(scales)
    return Overlap(
        share=seen / max(len(rows), 1),
        scale=float(np.median(scale)) if len(scale) else 0.0,
        angle=sight_angle(scene, query, database),
        weather=database.view.light.weather,
    )


def sight_angle(scene: Scene, a: Picture, b: Picture) -> float:
    """Degrees between the lines of sight to the landmark."""
    x0, y0, x1, _ = scene.landmark.footprint
    middle = np.array([(x0 + x1) / 2, y0, scene.landmark.height / 2])
    first, second = (picture.view.camera.centre - middle for picture in (a, b))
    cosine = first @ second / (np.linalg.norm(first) * np.linalg.norm(second))
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def judge(overlap: Overlap) -> str:
    """Classify an overlap as easy, hard, junk or negative.

    easy: most of the landmark, from a similar direction and distance, in fair weather; junk: too little of it to
    expect that it is retrieved; negative: nothing of it.
    """
    if overlap.share < 0.01:
        return "negative"
    if overlap.share < 0.25 or overlap.scale < 0.3 or overlap.angle > 80:
        return "junk"
    fair = overlap.weather not in ("night", "fog") and 0.45 <= overlap.scale <= 2.2
    return "easy" if fair and overlap.share >= 0.5 and overlap.angle <= 35 else "hard"


def positive_pair(overlap: Overlap) -> bool:
    """Tell whether the pair is used as query and positive in training: a common part at comparable scales."""
    return overlap.share >= 0.25 and 0.4 <= overlap.scale <= 2.5
