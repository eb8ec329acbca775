"""CVNet extractor: the third stage of a ResNet, its cells ranked by an attention detector, as for AMES (ECCV 2024)."""

from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field

from reprise.extractors.dense import DenseExtractor
from reprise.extractors.dense_settings import DenseSettings
from reprise.extractors.settings import Scales
from reprise.geometry.conventions import to_strides
from reprise.geometry.grids import CellGrid

if TYPE_CHECKING:
    import torch


class Settings(DenseSettings):
    """Settings of the CVNet extractor, with the published values."""

    scales: Scales = Field([0.7071, 1.0, 1.4142], description="factors of the image pyramid")

    def global_descriptors(self) -> tuple[str, ...]:
        """Return the kinds of global descriptors."""
        return ("global",)


class Extractor(DenseExtractor):
    """Local features of CVNet; see :class:`reprise.extractors.dense.DenseExtractor`.

    The global descriptor ``global`` is that of the network, from which the neighbours of SuperGlobal are computed.
    Files have the published positions: (y, x) of the first pixel that the stride of a cell covers, in pixels of the
    (cropped) image before any resizing.
    """

    def open_backbone(self, checkpoint: str, device: str) -> None:
        """Load the network."""
        from reprise.networks.cvnet import CVNet

        self._network = CVNet.from_checkpoint(checkpoint).for_inference().to(device)
        self.dim = self._network.local_dim
        self.stride = self._network.stride
        self.global_dims = {"global": self._network.dim}

    def feature_map(self, image: "torch.Tensor") -> "tuple[torch.Tensor, dict[str, torch.Tensor]]":
        """Compute the third stage and the global descriptor of an image.

        Args:
            image: (1, 3, H, W) float32 BGR, normalised

        Returns:
            a feature map (1, D, h, w), and the global descriptor (G,) as ``global``, neither normalised
        """
        import torch

        features = self._network.forward_local(image.contiguous(memory_format=torch.channels_last))
        return features, {"global": self._network.pool(features)[0]}

    def positions(self, keypoints: np.ndarray, grid: CellGrid) -> np.ndarray:
        """Compute the published positions of keypoints: the first pixels that the strides of the cells cover.

        Args:
            keypoints: (n, 2) centres of cells of ``grid``
            grid: where the cells of the map lie in the file

        Returns:
            (n, 2) float32 y, x in pixels of the (cropped) image
        """
        return to_strides(keypoints, grid)


Extractor.Settings = Settings
