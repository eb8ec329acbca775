"""From pixels to the input tensors of networks."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

# Mean and standard deviation of ImageNet for images in [0, 1], in the order red, green, blue and the other way round.
IMAGENET = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BGR = IMAGENET[0][::-1], IMAGENET[1][::-1]


def to_tensor(pixels: np.ndarray, mean: tuple[float, ...], std: tuple[float, ...]) -> "torch.Tensor":
    """Normalise an image: (pixel / 255 - mean) / std for each channel.

    Args:
        pixels: (H, W, 3) uint8
        mean: mean of each of the three channels, for pixels in [0, 1]
        std: standard deviation of each of the three channels

    Returns:
        (1, 3, H, W) float32
    """
    import torch

    def channels(values: tuple[float, ...]) -> torch.Tensor:
        return torch.tensor(values, dtype=torch.float32)[:, None, None]

    image = torch.from_numpy(pixels.copy()).permute(2, 0, 1).to(torch.float32, memory_format=torch.contiguous_format)
    return ((image / 255 - channels(mean)) / channels(std))[None]
