"""The Hessian-affine detector: extrema of the determinant of the Hessian, with affine shapes.

Mikolajczyk and Schmid, Scale and affine invariant interest point detectors, IJCV 2004, as published by Perdoch, Chum
and Matas, Efficient representation of local geometry for large scale object retrieval, CVPR 2009. Its keypoints are
upright: the vertical direction of the image is kept, and no orientation is estimated. Bright and dark blobs are found,
and saddles.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from reprise.detectors import _kernels
from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.detectors.keypoints import Keypoints
from reprise.detectors.scale_space import Level, ScaleSpace, hessian_levels
from reprise.geometry.adaptation import Adaptation, adapt_shapes
from reprise.geometry.conventions import from_opencv
from reprise.geometry.frames import upright
from reprise.geometry.patches import are_inside
from reprise.images.pixels import mean_grey

# What an image too small for a single level has.
_NOTHING = np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros((0, 2, 2))
Positive = Annotated[float, Field(gt=0)]


class Settings(DetectorSettings):
    """Settings of the Hessian-affine detector; the defaults are published."""

    threshold: Positive = Field(16 / 3, description="root of the smallest absolute response, sigma^4 det(Hessian)")
    edge_ratio: Annotated[float, Field(gt=1)] = Field(
        10.0, description="largest ratio of the principal curvatures of the response at a keypoint"
    )
    sigma: Positive = Field(1.6, description="standard deviation of the blur of the first level, in pixels")
    image_sigma: Annotated[float, Field(ge=0)] = Field(
        0.5, description="standard deviation of the blur that images are taken to have, in pixels"
    )
    levels: int = Field(3, ge=1, le=16, description="levels per octave at which keypoints are looked for")
    border: int = Field(5, ge=3, description="pixels at the border of each level without keypoints")
    window: int = Field(19, ge=3, description="side of the window by which shapes are adapted, in samples; odd")
    iterations: int = Field(16, ge=1, description="of the adaptation of shapes; what does not converge is dropped")
    convergence: Positive = Field(
        0.05, description="shapes have converged when two corrections after another are circles up to this share"
    )
    anisotropy: Annotated[float, Field(gt=1)] = Field(
        6.0, description="largest ratio of the axes of a shape; longer ones are dropped"
    )
    measurement_region: Positive = Field(
        3 * math.sqrt(3), description="radius, in scales of the keypoint, of the region that has to be in the image"
    )
    patch_size: int = Field(
        41, ge=2, le=512, description="keypoints are dropped whose patch of so many pixels touches the border"
    )

    @model_validator(mode="after")
    def _window_is_odd(self) -> Self:
        self.adaptation()
        return self

    def adaptation(self) -> Adaptation:
        """Return the parameters of the adaptation of shapes; DataError for a window that is not odd."""
        return Adaptation(self.window, self.iterations, self.convergence, self.anisotropy)

    def scale_space(self) -> ScaleSpace:
        """Return the parameters of the scale space."""
        return ScaleSpace(self.image_sigma, self.sigma, self.levels, 2 * self.border + 2)


@dataclass(frozen=True)
class Found:
    """What is found at one level.

    Attributes:
        level: the level
        candidates: number of extrema, before their localisation
        points: (n, 2) float64 x, y in pixels of the image, the centre of the first at (0, 0)
        scales: (n,) float64, in pixels of the image
        responses: (n,) float64, negative for saddles
        shapes: (n, 2, 2) float64 of determinant 1
        iterations: (n,) int32, the iteration at which the shape converged, from 0, or -1
    """

    level: Level
    candidates: int
    points: np.ndarray
    scales: np.ndarray
    responses: np.ndarray
    shapes: np.ndarray
    iterations: np.ndarray


class Detector(ImageDetector):
    """The Hessian-affine detector."""

    settings: Settings

    def find(self, pixels: np.ndarray) -> Keypoints:
        """Find keypoints, in the order of their octaves, levels, rows and columns.

        Scores are absolute responses.

        Args:
            pixels: (H, W, 3) uint8 RGB, or (H, W) uint8 grey

        Returns:
            the keypoints whose shape converged, and whose patch does not touch the border of the image
        """
        found = [_NOTHING, *map(_converged, self.levels(pixels))]
        points, scales, responses, shapes = (np.concatenate(column) for column in zip(*found, strict=True))
        keypoints, frames = from_opencv(points), scales[:, None, None] * upright(shapes)
        regions = self.settings.measurement_region * frames
        kept = are_inside(pixels.shape[:2], keypoints, regions, self.settings.patch_size)
        columns = (keypoints, np.abs(responses), scales, frames)
        return Keypoints(*(column[kept].astype(np.float32) for column in columns))

    def levels(self, pixels: np.ndarray) -> Iterator[Found]:
        """Iterate over what is found at each level, before anything is dropped for its shape or the border."""
        taken = np.zeros((0, 0), np.uint8)
        for level in hessian_levels(mean_grey(pixels), self.settings.scale_space()):
            if level.number == 1:
                taken = np.zeros(level.below.shape, np.uint8)
            yield self._extrema(level, taken)

    def _extrema(self, level: Level, taken: np.ndarray) -> Found:
        settings = self.settings
        score = (settings.edge_ratio + 1) ** 2 / settings.edge_ratio
        found, candidates = _kernels.extrema(*level.responses, settings.threshold**2, score, settings.border, taken)
        scales = level.sigma * 2 ** (found[:, 2] / settings.levels)
        # The published adaptation runs on the level below the one at which the keypoint was found.
        shapes, iterations = adapt_shapes(level.below, found[:, :2], scales / settings.sigma, settings.adaptation())
        return Found(
            level, candidates, level.pixel * found[:, :2], level.pixel * scales, found[:, 3], shapes, iterations
        )


def _converged(found: Found) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """The points, scales, responses and shapes of a level whose shapes converged."""
    rows = found.iterations >= 0
    return found.points[rows], found.scales[rows], found.responses[rows], found.shapes[rows]


Detector.Settings = Settings
