"""HOW: local descriptors for aggregated selective matching (Tolias, Jenicek and Chum, ECCV 2020)."""

import copy
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from reprise.formats.arrays import LocalFeatures
from reprise.images.tensors import IMAGENET
from reprise.networks.how_checkpoint import read_checkpoint, write_checkpoint
from reprise.networks.how_settings import SCALES, MeanStd, Runtime, Settings, check_scales
from reprise.networks.resnet import fold_batch_norms, resnet_trunk, trunk_dim, trunk_stride
from reprise.storage.arguments import count
from reprise.storage.errors import DataError


class HOW(nn.Module):
    """ResNet trunk whose cells are local descriptors, weighted by the L2 norm of the trunk's output.

    Tolias, Jenicek and Chum, Learning and aggregating deep local descriptors for instance-level recognition, ECCV
    2020. Parameter names are those of the published checkpoints. A new network has random weights. Batch normalisation
    always uses its running statistics, in training mode too, as in the published training.

    Args:
        backbone: ``resnet18``, ``resnet50`` or ``resnet101``
        skip_stages: number of last stages left out; the published "R50-" is resnet50 with 1
        dim: dimensions after the 1x1 reduction; None leaves the reduction out
        smoothing: odd side of the average filter over the trunk's output, in cells; None leaves it out
        mean_std: the normalisation that the network expects of its images, mean and standard deviation per channel for
            images in [0, 1]

    Attributes:
        settings: the first four arguments
        dim: dimensions of the descriptors
        stride: distance of two cells, in pixels
        mean_std: as given

    Raises:
        DataError: an argument outside the ranges above
    """

    def __init__(
        self,
        backbone: str = "resnet18",
        skip_stages: int = 0,
        dim: int | None = 128,
        smoothing: int | None = 3,
        *,
        mean_std: MeanStd = IMAGENET,
    ) -> None:
        super().__init__()
        self.settings = Settings(backbone, skip_stages, dim, smoothing)
        self.mean_std = mean_std
        self.stride = trunk_stride(skip_stages)
        self.features = resnet_trunk(backbone, skip_stages)
        channels = trunk_dim(backbone, skip_stages)
        self.dim = channels if dim is None else dim
        self.dim_reduction = None if dim is None else nn.Conv2d(channels, dim, 1)
        self.eval()

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a network from a published checkpoint, in the format of 2020 or the older one, or from a saved one.

        Args:
            path: the checkpoint; nothing is downloaded

        Raises:
            DataError: a file that :func:`reprise.networks.how_checkpoint.read_checkpoint` refuses, or parameters of
                other names or shapes
        """
        checkpoint = read_checkpoint(path)
        network = cls(**asdict(checkpoint.settings), mean_std=checkpoint.mean_std)
        checkpoint.check_state_dict(network.state_dict())
        network.load_state_dict(checkpoint.state_dict)
        return network

    def save_checkpoint(
        self,
        path: str | os.PathLike,
        *,
        epoch: int = 0,
        training: Mapping[str, Any] | None = None,
        runtime: Runtime | None = None,
    ) -> None:
        """Write the network atomically, in the published format "how/2020".

        Args:
            path: the file to write
            epoch: the number of epochs that the network was trained
            training: entries of the training, under the published keys optimizer, scheduler, best_score and scores, and
                threads, the number that it was computed with
            runtime: how it was used to choose its best epoch; None for the published settings

        Raises:
            DataError: a copy that :meth:`for_inference` made
        """
        if isinstance(self.features[1], nn.Identity):
            raise DataError("network: is a copy made by for_inference; save the network that it was made from")
        state, training, runtime = self.state_dict(), training or {}, runtime or Runtime()
        write_checkpoint(path, self.settings, self.mean_std, state, epoch, training, runtime)

    def train(self, mode: bool = True) -> Self:
        """Set the training mode, except for batch normalisation, which stays in evaluation mode."""
        super().train(mode)
        for module in self.features.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.eval()
        return self

    def for_inference(self) -> "HOW":
        """Make a faster copy for inference alone: batch normalisation folded into convolutions, memory channels last.

        Its outputs are the same up to rounding. It has other parameters, so that it cannot be saved.
        """
        network = copy.deepcopy(self).eval()
        fold_batch_norms(network.features)
        convert_conv2d_weight_memory_format(network, torch.channels_last)
        return network.requires_grad_(False)

    @torch.inference_mode()
    def forward_local(
        self, image: torch.Tensor, num_features: int | None = 1000, scales: Sequence[float] = SCALES
    ) -> LocalFeatures:
        """Compute the strongest local descriptors of an image over all scales jointly, strongest first.

        Cells of equal strength keep their order: by scale as given, then by row, then by column.

        Args:
            image: (1, 3, H, W) float32, normalised by ``mean_std``
            num_features: number n of descriptors that are kept; None keeps every cell
            scales: factors by which the image is resized

        Returns:
            descriptors (n, dim), not normalised; keypoints (n, 2) at stride * (cell + 0.5) / scale, in pixels of
            ``image``; scales (n,), the factors; scores (n,) relative to the strongest cell, which has 1

        Raises:
            DataError: an image of another shape or with values that are not finite, a scale that leaves no pixel, or
                ``num_features`` below 1
        """
        num_features = None if num_features is None else count("num_features", num_features)
        maps = list(self._pyramid(image, scales))
        descriptors = torch.cat([features[0].flatten(1).T for features, _ in maps])
        scores = torch.cat([attention.flatten() for _, attention in maps])
        scores = scores / _maximum(scores)
        order = torch.sort(scores, descending=True, stable=True).indices[:num_features]
        cells = [_grid(*attention.shape[-2:]) for _, attention in maps]
        factors = np.repeat(np.array(scales, np.float64), [len(grid) for grid in cells])[:, None]
        keypoints = self.stride * (np.concatenate(cells) + 0.5) / factors
        rows = order.cpu().numpy()
        return LocalFeatures(
            descriptors[order].cpu().numpy(),
            scores[order].cpu().numpy(),
            keypoints[rows].astype(np.float32),
            factors[rows, 0].astype(np.float32),
        )

    def forward_global(self, image: torch.Tensor, scales: Sequence[float] = (1.0,)) -> torch.Tensor:
        """Compute the global descriptor of an image: the normalised sum of its local descriptors, weighted by scores.

        Args:
            image: (1, 3, H, W) float32, normalised by ``mean_std``
            scales: factors by which the image is resized

        Returns:
            (1, dim), differentiable

        Raises:
            DataError: as :meth:`forward_local`
        """
        maps = list(self._pyramid(image, scales))
        maximum = _maximum(torch.cat([attention.flatten() for _, attention in maps]))
        sums = [(features * (attention / maximum)).sum(dim=(2, 3)) for features, attention in maps]
        total = torch.stack(sums).sum(dim=0)
        return total / (total.norm(dim=1, keepdim=True) + 1e-6)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Compute the global descriptor (1, dim) at scale 1, which is what the training compares."""
        return self.forward_global(image)

    def _pyramid(self, image: torch.Tensor, scales: Sequence[float]) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
        """Compute for each scale the descriptors (1, dim, h, w) and their attention (1, 1, h, w)."""
        _check_image(image, scales)
        for scale in scales:
            trunk = self.features(_resize(image, scale))
            attention = (trunk.square().sum(dim=1, keepdim=True) + 1e-10).sqrt()
            # The paper smooths first. Both steps are linear and the filter's weights sum to one, so that the order
            # does not matter, and fewer channels are cheaper to smooth.
            features = trunk if self.dim_reduction is None else self.dim_reduction(trunk)
            yield self._smooth(features), attention

    def _smooth(self, features: torch.Tensor) -> torch.Tensor:
        side = self.settings.smoothing
        if side is None:
            return features
        return functional.avg_pool2d(features, side, 1, side // 2, count_include_pad=False)


def _resize(image: torch.Tensor, scale: float) -> torch.Tensor:
    if scale == 1:
        return image
    # Asking for the size makes the sampling ratio that of the sizes, which the published numbers rest on.
    size = [int(length * scale) for length in image.shape[2:]]
    return functional.interpolate(image, size=size, mode="bilinear", align_corners=False)


def _grid(rows: int, columns: int) -> np.ndarray:
    """List the cells (x, y) of a map, row by row: (rows * columns, 2)."""
    y, x = np.divmod(np.arange(rows * columns), columns)
    return np.stack([x, y], axis=1)


def _maximum(scores: torch.Tensor) -> torch.Tensor:
    maximum = scores.max()
    if not torch.isfinite(maximum):
        raise DataError("network: the attention is not finite; the weights have diverged, take an earlier checkpoint")
    return maximum


def _check_image(image: torch.Tensor, scales: Sequence[float]) -> None:
    if image.dim() != 4 or image.shape[:2] != (1, 3) or 0 in image.shape:
        raise DataError(f"image: the shape is {tuple(image.shape)}; one image at a time is needed, (1, 3, H, W)")
    if not torch.isfinite(image).all():
        raise DataError("image: holds values that are not finite; check how it was normalised")
    check_scales((image.shape[3], image.shape[2]), scales, "scales")
