"""SuperPoint (DeTone, Malisiewicz and Rabinovich, CVPR Workshops 2018) at any keypoints: 256 dimensions."""

from typing import TYPE_CHECKING, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from reprise.descriptors.on_maps import MapDescriptor, MapSettings
from reprise.geometry.conventions import to_opencv
from reprise.geometry.sampling import sample_cells, sample_map
from reprise.images.pixels import luma

if TYPE_CHECKING:
    import torch

    from reprise.networks.superpoint import SuperPoint

_CELL = 8


class Settings(MapSettings):
    """Settings of SuperPoint's descriptors."""

    sampling: Literal["legacy", "exact", "aligned"] = Field(  # type: ignore[assignment]
        "legacy",
        description="where cells of the map lie: as HNDesc has them for the authors' weights; at their places, as the "
        "weights with batch normalisation are published; or as HNDesc would have them for some versions of torch, with "
        "aligned corners",
    )
    swapped: bool = Field(
        False,
        description="x and y, as shares of the width and the height, are exchanged, as the published program does by "
        "mistake when it compares HNDesc with SuperPoint; not for exact sampling",
    )

    @model_validator(mode="after")
    def _swapped_as_published(self) -> Self:
        if self.swapped and self.sampling == "exact":
            raise ValueError("swapped: is for the sampling 'legacy' or 'aligned'; leave it out")
        return self


class Descriptor(MapDescriptor):
    """SuperPoint; see :class:`reprise.descriptors.on_maps.MapDescriptor`."""

    settings: Settings
    dim = 256

    def open_network(self, checkpoint: str) -> "SuperPoint":
        """Load the network."""
        from reprise.networks.superpoint import SuperPoint

        return SuperPoint.from_checkpoint(checkpoint)

    def tensor(self, pixels: np.ndarray) -> "torch.Tensor":
        """Make the input (1, 1, H, W) of the network: luma from 0 to 1."""
        import torch

        return torch.from_numpy(luma(pixels).copy())[None, None] / 255

    def maps(self, image: "torch.Tensor") -> "list[torch.Tensor]":
        """Compute the map of descriptors of an image."""
        network: SuperPoint = self._network  # type: ignore[assignment]
        return [network.descriptors(network.encode(image))]

    def sampled(self, map: "torch.Tensor", keypoints: np.ndarray, size: tuple[int, int]) -> "torch.Tensor":
        """Sample the map at keypoints; cells are squares of 8 pixels from the upper left corner, whatever the size."""
        cells = np.array(map.shape[:1:-1])
        if self.settings.sampling == "exact":
            return sample_map(map, keypoints, tuple(_CELL * cells), mode="exact")
        shares = (to_opencv(keypoints.astype(np.float64)) - 3.5) / (_CELL * cells - 4.5)
        shares = shares[:, ::-1] if self.settings.swapped else shares
        aligned = self.settings.sampling == "aligned"
        return sample_cells(map, shares * (cells - 1) if aligned else shares * cells - 0.5)


Descriptor.Settings = Settings
