"""What networks have in common that describe every place of an image: images in, maps of descriptors out."""

from typing import ClassVar, Self

import torch
from torch.nn.utils import convert_conv2d_weight_memory_format

from reprise.networks.published_network import PublishedNetwork
from reprise.storage.errors import DataError


class DenseNetwork(PublishedNetwork):
    """A network from images to dense maps, which are sampled at keypoints (:func:`reprise.geometry.sample_map`).

    Attributes:
        channels: of the images: 3, normalised by :data:`reprise.images.tensors.IMAGENET`, or 1, grey from 0 to 1
        dim: dimensions of the descriptors
        least: smallest side of an image, in pixels
    """

    channels: ClassVar[int] = 3
    dim: int = 128
    least: ClassVar[int] = 1

    def for_inference(self) -> Self:
        """Make a faster copy for inference alone: batch normalisation folded into convolutions, memory channels last.

        Its outputs are the same up to rounding. It has other parameters, so that it cannot be saved.
        """
        network = super().for_inference()
        convert_conv2d_weight_memory_format(network, torch.channels_last)
        return network

    def check(self, images: torch.Tensor) -> torch.Tensor:
        """Return images as they are; DataError where they are not (B, channels, H, W) with sides of ``least``."""
        if images.dim() != 4 or images.shape[1] != self.channels or min(images.shape) < 1:
            raise DataError(f"images: the shape is {tuple(images.shape)}; give (B, {self.channels}, H, W)")
        if min(images.shape[2:]) < self.least:
            height, width = images.shape[2:]
            raise DataError(f"images: are {width} x {height}, and {type(self).__name__} needs {self.least} pixels")
        return images
