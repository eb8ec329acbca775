"""Base class of the descriptors of normalised patches."""

import math
from abc import abstractmethod
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from reprise.descriptors.base import DescriptorSettings, KeypointDescriptor
from reprise.detectors.keypoints import Keypoints
from reprise.geometry.patches import cut_patches
from reprise.images.patch_resizing import resize_patches, stacked_patches
from reprise.images.pixels import mean_grey

_PATCHES_PER_BLOCK = 1024


class PatchSettings(DescriptorSettings):
    """The settings of a descriptor of patches."""

    measurement_region: Annotated[float, Field(gt=0)] = Field(
        3 * math.sqrt(3), description="radius, in scales of the keypoint, of the region that is described"
    )


class PatchDescriptor(KeypointDescriptor):
    """A descriptor of normalised patches of grey.

    A subclass says how large its patches are, and describes them; the rest is here.

    Attributes:
        patch_size: side of its patches in pixels
    """

    Settings: ClassVar[type[PatchSettings]] = PatchSettings
    settings: PatchSettings
    patch_size: int

    def of_keypoints(self, pixels: np.ndarray, keypoints: Keypoints) -> np.ndarray:
        """See :meth:`KeypointDescriptor.of_keypoints`."""
        grey = mean_grey(pixels)
        regions = self.settings.measurement_region * keypoints.affine.astype(np.float64)
        found = [np.zeros((0, self.dim), np.float32)]
        for start in range(0, len(keypoints), _PATCHES_PER_BLOCK):  # bounds the memory of an image
            rows = slice(start, start + _PATCHES_PER_BLOCK)
            found.append(self.of_patches(cut_patches(grey, keypoints.keypoints[rows], regions[rows], self.patch_size)))
        return np.concatenate(found)

    def of_any_patches(self, patches: np.ndarray) -> np.ndarray:
        """Describe patches of another size, after they were resized (:mod:`reprise.images.patch_resizing`).

        Args:
            patches: (N, P, P) or (N, 1, P, P) grey levels from 0 to 255, uint8 or float

        Returns:
            (N, D) float32

        Raises:
            DataError: another shape or type, or values that are not finite
        """
        patches = stacked_patches(patches)
        found = [np.zeros((0, self.dim), np.float32)]
        for start in range(0, len(patches), _PATCHES_PER_BLOCK):
            resized = resize_patches(patches[start : start + _PATCHES_PER_BLOCK], self.patch_size)
            found.append(self.of_patches(resized.astype(np.float32)))
        return np.concatenate(found)

    @abstractmethod
    def of_patches(self, patches: np.ndarray) -> np.ndarray:
        """Describe patches.

        Args:
            patches: (N, patch_size, patch_size) float32 grey, 0 to 255

        Returns:
            (N, D) float32
        """
