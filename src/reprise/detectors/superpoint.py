"""SuperPoint's detector (DeTone, Malisiewicz and Rabinovich, CVPR Workshops 2018), with the settings of HNDesc."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from reprise.detectors.base import DetectorSettings, ImageDetector
from reprise.detectors.keypoints import Keypoints
from reprise.extractors.settings import Checkpoint
from reprise.geometry.conventions import from_opencv
from reprise.geometry.frames import frames_from_scales
from reprise.images.pixels import luma

if TYPE_CHECKING:
    import torch


class Settings(DetectorSettings):
    """Settings of SuperPoint's detector, with the values of HNDesc (Melekhov et al., 3DV 2021)."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network")
    nms_radius: int = Field(3, ge=0, le=64, description="distance in pixels within which only the maximum is kept")
    threshold: float = Field(0.005, ge=0, lt=1, description="score that a keypoint has to exceed")
    border: int = Field(4, ge=0, description="pixels at the border of the map of scores without keypoints")
    max_keypoints: int | None = Field(
        None, ge=1, description="the strongest keypoints that are kept, strongest first; null keeps all, row by row"
    )
    scale: float = Field(
        1.0, gt=0, description="standard deviation in pixels that keypoints are given, since the network has none"
    )


class Detector(ImageDetector):
    """SuperPoint's detector, on the luma of the image.

    Pixels right of and below the last whole cell of 8 x 8 pixels have no keypoints.

    Args:
        settings: the settings of the detector; ``checkpoint`` is a path here
        device: where the network runs

    Raises:
        DataError: a checkpoint that cannot be used
    """

    settings: Settings

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        from reprise.networks.superpoint import SuperPoint

        super().__init__(settings, device)
        self._device = device
        self._network = SuperPoint.from_checkpoint(settings.checkpoint).for_inference().to(device)

    def find(self, pixels: np.ndarray) -> Keypoints:
        """Find keypoints, at the centres of pixels.

        Args:
            pixels: (H, W, 3) uint8 RGB, or (H, W) uint8 grey

        Returns:
            the keypoints, row by row, or the strongest first where their number is limited; scores in (0, 1)
        """
        import torch

        if min(pixels.shape[:2]) < self._network.least:
            places, scores = np.zeros((0, 2)), np.zeros(0, np.float32)
        else:
            image = torch.from_numpy(luma(pixels).copy()).to(self._device)[None, None] / 255
            with torch.inference_mode():
                found = self._network.scores(self._network.encode(image))[0]
            settings = self.settings
            places, scores = strongest_points(
                found, settings.nms_radius, settings.threshold, settings.border, settings.max_keypoints
            )
        scales = np.full(len(scores), self.settings.scale)
        columns = (from_opencv(places), scores, scales, frames_from_scales(scales))
        return Keypoints(*(np.asarray(column, np.float32) for column in columns))


Detector.Settings = Settings


def strongest_points(
    scores: "torch.Tensor", radius: int, threshold: float, border: int, limit: int | None
) -> tuple[np.ndarray, np.ndarray]:
    """Find the maxima of a map of scores.

    Args:
        scores: (H, W)
        radius: see :func:`suppress`
        threshold: score that a point has to exceed
        border: pixels at the border without points
        limit: the strongest that are kept, strongest first; None keeps all, row by row

    Returns:
        (n, 2) int64 x, y of pixels from (0, 0), and (n,) float32 scores
    """
    import torch

    kept = suppress(scores, radius)
    height, width = kept.shape
    inside = torch.zeros_like(kept, dtype=torch.bool)
    inside[border : max(border, height - border), border : max(border, width - border)] = True
    y, x = torch.nonzero((kept > threshold) & inside, as_tuple=True)
    values = kept[y, x]
    if limit is not None and limit < len(values):
        order = torch.sort(values, descending=True, stable=True).indices[:limit]
        y, x, values = y[order], x[order], values[order]
    return torch.stack([x, y], dim=1).cpu().numpy(), values.float().cpu().numpy()


def suppress(scores: "torch.Tensor", radius: int, rounds: int = 2) -> "torch.Tensor":
    """Set scores to zero that are no maxima of the square around them.

    A maximum removes what is around it, and then others may be maxima among what is left; this is repeated.

    Args:
        scores: (H, W)
        radius: half a side of the square in pixels, without its centre
        rounds: how often

    Returns:
        (H, W)
    """
    import torch
    from torch.nn import functional

    def highest(values: "torch.Tensor") -> "torch.Tensor":
        return functional.max_pool2d(values[None, None], 2 * radius + 1, stride=1, padding=radius)[0, 0]

    zero = torch.zeros_like(scores)
    maxima = scores == highest(scores)
    for _ in range(rounds):
        covered = highest(maxima.to(scores.dtype)) > 0
        left = torch.where(covered, zero, scores)
        maxima = maxima | ((left == highest(left)) & ~covered)
    return torch.where(maxima, scores, zero)
