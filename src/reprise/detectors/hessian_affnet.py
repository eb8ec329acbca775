"""The keypoints of the Hessian-affine detector, with affine shapes by AffNet (HesAffNet).

Mishkin, Radenovic and Matas, Repeatability is not enough: learning affine regions via discriminability, ECCV 2018.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field

from reprise.detectors import hessian_affine
from reprise.detectors.hessian_affine import Found
from reprise.extractors.settings import Checkpoint
from reprise.images.pixels import mean_grey


class Settings(hessian_affine.Settings):
    """Settings of the Hessian-affine detector whose shapes come from AffNet."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network of shapes")
    # AffNet is asked once, so that what the iterations of the published detector need is no setting here; none is made.
    window: ClassVar[int] = 3  # type: ignore[misc]
    iterations: ClassVar[int] = 0  # type: ignore[misc]
    convergence: ClassVar[float] = 0.0  # type: ignore[misc]


class Detector(hessian_affine.Detector):
    """The Hessian-affine detector with shapes of AffNet, which sees the measurement region as a circle.

    Args:
        settings: the settings of the detector; ``checkpoint`` is a path here
        device: where the network runs

    Raises:
        DataError: a checkpoint that cannot be used
    """

    settings: Settings

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        from reprise.networks.affnet import AffNet

        super().__init__(settings, device)
        self._device = device
        self._network = AffNet.from_checkpoint(settings.checkpoint).for_inference().to(device)

    def levels(self, pixels: np.ndarray) -> Iterator[Found]:
        """Iterate over what is found at each level; the iteration is 0, or -1 of shapes that are too long."""
        levels = list(super().levels(pixels))
        counts = [len(found.points) for found in levels]
        if not sum(counts):
            yield from levels
            return
        points, scales = (np.concatenate([getattr(found, key) for found in levels]) for key in ("points", "scales"))
        shapes, short = self._shapes(mean_grey(pixels), points, scales)
        ends = np.cumsum(counts)[:-1]
        for found, own, kept in zip(levels, np.split(shapes, ends), np.split(short, ends), strict=True):
            yield replace(found, shapes=own, iterations=np.where(kept, 0, -1).astype(np.int32))

    def _shapes(self, image: np.ndarray, points: np.ndarray, scales: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Shapes (N, 2, 2) of determinant 1, and (N,) whether they are short enough; circles where they are not."""
        import torch

        radii = self.settings.measurement_region * scales
        arguments = (torch.from_numpy(x.astype(np.float32)).to(self._device) for x in (image, points, radii))
        with torch.inference_mode():
            shapes = self._network.shapes_around(*arguments).double().cpu().numpy()
        axes = np.linalg.svd(shapes, compute_uv=False)
        short = (axes[:, 1] > 0) & (axes[:, 0] <= self.settings.anisotropy * axes[:, 1])
        shapes[~short] = np.eye(2)
        return shapes / np.sqrt(np.linalg.det(shapes))[:, None, None], short


Detector.Settings = Settings
