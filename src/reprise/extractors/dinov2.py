"""DINOv2 extractor: patch tokens ranked by an attention detector, as the AMES descriptors were made (ECCV 2024)."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from reprise.extractors.dense import DenseExtractor
from reprise.extractors.dense_settings import DenseSettings
from reprise.extractors.settings import ImageSize, Scales
from reprise.geometry.conventions import to_fractions
from reprise.geometry.grids import CellGrid

if TYPE_CHECKING:
    import torch


class Settings(DenseSettings):
    """Settings of the DINOv2 extractor, with the values that the published numbers rest on."""

    image_size: ImageSize | None = Field(
        770, description="pixels of the longer side of the whole image at scale 1; null keeps images as they are"
    )
    scales: Scales = Field([1.0], description="factors of the image pyramid")

    def global_descriptors(self) -> tuple[str, ...]:
        """Return the kinds of global descriptors."""
        return "cls", "global"


class Extractor(DenseExtractor):
    """Local features of DINOv2; see :class:`reprise.extractors.dense.DenseExtractor`.

    Each side of an image is stretched to whole patches, at least one. Global descriptors are ``cls``, the class
    token, and ``global``, the mean of the detector's projection of the patch tokens (of the tokens of unit norm,
    without a detector), weighted as the local features are. Files have the published positions: the centres of the
    patches, (y, x), both from 0 to 1 over the (cropped) image.
    """

    def open_backbone(self, checkpoint: str, device: str) -> None:
        """Load the network."""
        from reprise.networks.dinov2 import DINOv2

        self._network = DINOv2.from_checkpoint(checkpoint).requires_grad_(False).to(device)
        self.multiple = self.stride = self._network.patch
        self.dim = self._network.dim
        self.global_dims = {"cls": self.dim, "global": self.dim}

    def feature_map(self, image: "torch.Tensor") -> "tuple[torch.Tensor, dict[str, torch.Tensor]]":
        """Compute the patch tokens and the class token of an image.

        Args:
            image: (1, 3, H, W) float32 BGR, normalised

        Returns:
            a feature map (1, D, h, w), and the class token (D,) as ``cls``, neither normalised
        """
        rows, columns = (side // self._network.patch for side in image.shape[2:])
        cls, tokens = self._network(image.flip(1))
        return tokens.transpose(1, 2).unflatten(2, (rows, columns)), {"cls": cls[0]}

    def positions(self, keypoints: np.ndarray, grid: CellGrid) -> np.ndarray:
        """Compute the published positions of keypoints: the centres of the patches.

        Args:
            keypoints: (n, 2) centres of cells of ``grid``
            grid: where the cells of the map lie in the file

        Returns:
            (n, 2) float32 y, x from 0 to 1 over the (cropped) image
        """
        return to_fractions(keypoints, grid)


Extractor.Settings = Settings
