"""Base class of the detectors, and of their settings."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from reprise.detectors.keypoints import Keypoints
from reprise.images.pixels import read_pixels
from reprise.images.sources import ImageSource
from reprise.storage.settings import Settings


class DetectorSettings(Settings):
    """The settings of a detector.

    Attributes:
        checkpoints: keys that name the weights of networks
    """

    checkpoints: ClassVar[tuple[str, ...]] = ()

    type: str = Field(description="the module of reprise.detectors, or package.module:Class")


class ImageDetector(ABC):
    """From an image to its keypoints.

    Args:
        settings: of the model ``Settings``
        device: where its network runs, if it has one

    Attributes:
        Settings: the model of its settings
        settings: its settings
    """

    Settings: ClassVar[type[DetectorSettings]] = DetectorSettings

    def __init__(self, settings: Any, device: str = "cpu") -> None:
        self.settings = settings

    def detect(self, image: ImageSource) -> Keypoints:
        """Find the keypoints of an image.

        Args:
            image: pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey, or the path of a file

        Returns:
            the keypoints, none where the image has none

        Raises:
            DataError: a file that cannot be decoded, or pixels of another form
        """
        return self.find(read_pixels(image))

    @abstractmethod
    def find(self, pixels: np.ndarray) -> Keypoints:
        """Find the keypoints of checked pixels, (H, W, 3) uint8 RGB or (H, W) uint8 grey."""
