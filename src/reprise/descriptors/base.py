"""Base class of the descriptors, and of their settings."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from reprise.detectors.keypoints import Keypoints
from reprise.images.pixels import read_pixels
from reprise.images.sources import ImageSource
from reprise.storage.errors import DataError
from reprise.storage.settings import Settings


class DescriptorSettings(Settings):
    """The settings of a descriptor.

    Attributes:
        checkpoints: keys that name the weights of networks
    """

    checkpoints: ClassVar[tuple[str, ...]] = ()

    type: str = Field(description="the module of reprise.descriptors, or package.module:Class")


class KeypointDescriptor(ABC):
    """From an image and its keypoints to a vector for each.

    Args:
        settings: of the model ``Settings``
        device: where its network runs, if it has one

    Attributes:
        Settings: the model of its settings
        settings: its settings
        dim: dimensions D of the vectors
    """

    Settings: ClassVar[type[DescriptorSettings]] = DescriptorSettings
    dim: ClassVar[int]

    def __init__(self, settings: Any, device: str = "cpu") -> None:
        self.settings = settings

    def describe(self, image: ImageSource, keypoints: Keypoints) -> np.ndarray:
        """Describe the keypoints of an image.

        Args:
            image: pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey, or the path of a file
            keypoints: of any detector, in pixels of the image

        Returns:
            (N, D) float32, in the order of the keypoints

        Raises:
            DataError: a file that cannot be decoded, pixels of another form, or keypoints that the image cannot have
        """
        pixels = read_pixels(image)
        try:
            return self.of_keypoints(pixels, keypoints)
        except DataError as error:
            if isinstance(image, np.ndarray):
                raise
            raise DataError(f"{image}: {error}") from error

    @abstractmethod
    def of_keypoints(self, pixels: np.ndarray, keypoints: Keypoints) -> np.ndarray:
        """Describe keypoints (N, D) of checked pixels, (H, W, 3) uint8 RGB or (H, W) uint8 grey."""
