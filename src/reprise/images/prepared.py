"""The result of every preparation: pixels, and their position in the file that they come from."""

from dataclasses import dataclass

import numpy as np

from reprise.images.boxes import Box, inside


@dataclass(frozen=True)
class PreparedImage:
    """An image ready for an extractor, and its position in the file that it comes from.

    Attributes:
        pixels: (H, W, 3) uint8, in the order of colours that the preparation names, or (H, W) uint8 grey
        offset: (x, y) of the upper left corner in the file, in pixels of the file as it was decoded
        pixel_size: (x, y) size of one pixel, in pixels of the file; 1 unless the image was resized
        box: (x1, y1, x2, y2) in pixels of the file; only keypoints inside are kept. None: all are
    """

    pixels: np.ndarray
    offset: tuple[float, float]
    pixel_size: tuple[float, float]
    box: Box | None = None

    def to_original(self, keypoints: np.ndarray) -> np.ndarray:
        """Map keypoints of this image to the file.

        Args:
            keypoints: (N, 2) x, y in pixels of this image, the centre of its first pixel at (0.5, 0.5)

        Returns:
            (N, 2) float32, the same in pixels of the file
        """
        return self.in_the_file(keypoints).astype(np.float32)

    def in_the_file(self, keypoints: np.ndarray) -> np.ndarray:
        """Map keypoints as :meth:`to_original` does: (N, 2) float64, which :meth:`from_the_file` maps back."""
        return keypoints * np.array(self.pixel_size) + np.array(self.offset)

    def from_the_file(self, keypoints: np.ndarray) -> np.ndarray:
        """Map keypoints of the file to this image.

        Args:
            keypoints: (N, 2) x, y in pixels of the file; where they are float64, those that :meth:`in_the_file` mapped
                are returned to the last bit

        Returns:
            (N, 2) float32, the same in pixels of this image
        """
        return ((keypoints - np.array(self.offset)) / np.array(self.pixel_size)).astype(np.float32)

    def counts(self, keypoints: np.ndarray) -> np.ndarray:
        """Tell which keypoints (N, 2), in pixels of the file, are kept: (N,) bool."""
        return np.ones(len(keypoints), bool) if self.box is None else inside(keypoints, self.box)


@dataclass(frozen=True)
class ScaledImage(PreparedImage):
    """An image at one scale of a pyramid.

    Attributes:
        factor: (y, x), the factors by which the sides of the image, or of its crop, were multiplied, before rounding
    """

    factor: tuple[float, float] = (1.0, 1.0)
