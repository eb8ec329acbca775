"""Base class of the descriptors that are sampled from dense maps of a network."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import Field

from reprise.descriptors.base import DescriptorSettings, KeypointDescriptor
from reprise.detectors.keypoints import Keypoints
from reprise.extractors.settings import Checkpoint
from reprise.geometry.sampling import sample_map
from reprise.storage.errors import DataError

if TYPE_CHECKING:
    import torch

    from reprise.networks.dense_network import DenseNetwork


class MapSettings(DescriptorSettings):
    """The settings of a descriptor that is sampled from a map."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network")
    sampling: Literal["legacy", "exact"] = Field(
        "legacy",
        description="where cells of maps lie: as published with HNDesc, up to half a cell beside their places, or at "
        "their places",
    )
    pad_to_16: bool = Field(
        False,
        description="the last row and column of an image are repeated until its sides are multiples of 16 pixels, for "
        "which maps of stride 4 and 16 fit the image; as published, they are not",
    )


class MapDescriptor(KeypointDescriptor):
    """A descriptor that is sampled from dense maps, and has unit norm. A subclass says of which network.

    Args:
        settings: the settings of the descriptor; ``checkpoint`` is a path here
        device: where the network runs

    Raises:
        DataError: a checkpoint that cannot be used
    """

    Settings: ClassVar[type[MapSettings]] = MapSettings
    settings: MapSettings

    def __init__(self, settings: MapSettings, device: str = "cpu") -> None:
        super().__init__(settings, device)
        self._device = device
        self._network = self.open_network(settings.checkpoint).for_inference().to(device)

    @abstractmethod
    def open_network(self, checkpoint: str) -> "DenseNetwork":
        """Load the network from a file."""

    @abstractmethod
    def maps(self, image: "torch.Tensor") -> "Sequence[torch.Tensor]":
        """Compute the maps (1, D, h, w) of an image, whose vectors are joined, from what :meth:`tensor` returned."""

    def tensor(self, pixels: np.ndarray) -> "torch.Tensor":
        """Make the input (1, 3, H, W) of the network of pixels, (H, W, 3) uint8 RGB or (H, W) uint8 grey."""
        from reprise.images.tensors import IMAGENET, to_tensor

        return to_tensor(pixels if pixels.ndim == 3 else pixels[..., None].repeat(3, axis=2), *IMAGENET)

    def sampled(self, map: "torch.Tensor", keypoints: np.ndarray, size: tuple[int, int]) -> "torch.Tensor":
        """Sample a map (1, D, h, w) at keypoints (N, 2) of an image of size (width, height): (N, D)."""
        return sample_map(map, keypoints, size, mode=self.settings.sampling)

    def of_keypoints(self, pixels: np.ndarray, keypoints: Keypoints) -> np.ndarray:
        """See :meth:`KeypointDescriptor.of_keypoints`."""
        import torch

        from reprise.images.stretching import pad_to_multiple

        height, width = pixels.shape[:2]
        _check_inside(keypoints.keypoints, width, height)
        if not len(keypoints):
            return np.zeros((0, self.dim), np.float32)
        if self.settings.pad_to_16:
            pixels = pad_to_multiple(pixels, 16)
        size = pixels.shape[1], pixels.shape[0]
        with torch.inference_mode():
            maps = self.maps(self.tensor(pixels).to(self._device))
            vectors = torch.cat([self.sampled(map, keypoints.keypoints, size) for map in maps], dim=1)
            return torch.nn.functional.normalize(vectors.float()).cpu().numpy()


def _check_inside(keypoints: np.ndarray, width: int, height: int) -> None:
    outside = ~((keypoints >= 0) & (keypoints <= [width, height])).all(axis=1)
    if outside.any():
        raise DataError(
            f"keypoint {outside.argmax()} is at {keypoints[outside.argmax()].tolist()}, outside of the {width} x "
            f"{height} pixels; detect keypoints in the same image, rotated and resized alike"
        )
