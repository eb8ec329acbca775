"""SIFT of normalised patches: 128 whole numbers from 0 to 255.

Lowe, Distinctive image features from scale-invariant keypoints, IJCV 2004, as published with the Hessian-affine
detector (Perdoch, Chum and Matas, CVPR 2009): patches are standardised, only the circle in them counts, and they have
no orientation of their own but that of their frame.
"""

import numpy as np
from pydantic import Field

from reprise.descriptors import _kernels
from reprise.descriptors.on_patches import PatchDescriptor, PatchSettings

# Variance of the Gaussian that weighs gradients, in squared radii of the circle.
_VARIANCE = 0.45


class Settings(PatchSettings):
    """Settings of SIFT."""

    patch_size: int = Field(41, ge=5, le=512, description="side of the patches, in pixels")


class Descriptor(PatchDescriptor):
    """SIFT, which runs on the CPU, whatever the device.

    Args:
        settings: the settings of the descriptor
        device: not used
    """

    dim = _kernels.DIM

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        super().__init__(settings, device)
        self.patch_size = settings.patch_size
        self._weights = circle_weights(settings.patch_size)

    def of_patches(self, patches: np.ndarray) -> np.ndarray:
        """See :meth:`PatchDescriptor.of_patches`; a patch without contrast is described by zeros."""
        return _kernels.sift(np.ascontiguousarray(patches, np.float32), self._weights, _kernels.max_threads())


Descriptor.Settings = Settings


def circle_weights(size: int) -> np.ndarray:
    """Compute the weights of the gradients of a patch.

    Args:
        size: side of the patch in pixels

    Returns:
        (size, size) float32, a Gaussian that is 0 outside of the circle in the patch
    """
    radius = (size - 1) / 2
    squares = (np.arange(size) - radius) ** 2 / radius**2
    distances = squares[:, None] + squares
    return np.where(distances < 1, np.exp(-distances / (2 * _VARIANCE)), 0).astype(np.float32)
