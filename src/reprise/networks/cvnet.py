"""CVNet: a ResNet whose third stage gives local descriptors and whose head gives a global descriptor.

Lee et al., Correlation verification for image retrieval, CVPR 2022. Only the part that describes one image is
implemented, not the one that verifies pairs. Parameter names are those of the published
``CVPR2022_CVNet_R101.pyth``, without prefix.
"""

import copy
import logging
import os
from collections.abc import Sequence
from typing import Self

import torch
from torch import nn
from torch.nn import functional
from torch.nn.utils import convert_conv2d_weight_memory_format

from reprise.networks.resnet import fold_batch_norms
from reprise.networks.state_dicts import fill, shape_of, tensors_of
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_log = logging.getLogger(__name__)
_PREFIX = "encoder_q."
_REMEDY = "give a CVNet checkpoint, such as CVPR2022_CVNet_R101.pyth"
_EXPANSION = 4


class CVNet(nn.Module):
    """ResNet with bottleneck blocks, a local feature map and a global head; the defaults are the published ResNet-101.

    A new network has random weights.

    Args:
        depths: numbers of blocks in the four stages
        width: channels of the first convolution; the stages return 4, 8, 16 and 32 times as many
        dim: dimensions of the global descriptor

    Attributes:
        local_dim: channels of the local feature map
        stride: distance of two cells of that map, in pixels
        dim: dimensions of the global descriptor

    Raises:
        DataError: not four depths of at least one
    """

    stride = 16

    def __init__(self, depths: Sequence[int] = (3, 4, 23, 3), width: int = 64, dim: int = 2048) -> None:
        super().__init__()
        if len(depths) != 4 or min(depths) < 1:
            raise DataError(f"depths: {tuple(depths)} are not four numbers of at least 1; ResNets have four stages")
        self.dim = dim
        self.local_dim = 4 * _EXPANSION * width
        self.stem = _Stem(width)
        self.s1 = _Stage(width, width, 1, depths[0])
        self.s2 = _Stage(_EXPANSION * width, 2 * width, 2, depths[1])
        self.s3 = _Stage(2 * _EXPANSION * width, 4 * width, 2, depths[2])
        self.s4 = _Stage(4 * _EXPANSION * width, 8 * width, 2, depths[3])
        self.head = _Head(8 * _EXPANSION * width, dim)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a network from a published checkpoint, or a saved one; its sizes follow from the shapes.

        Of ``model_state`` all tensors under ``encoder_q.`` are used; the others, which verify pairs, are named in the
        log.

        Args:
            path: the file; nothing is downloaded

        Returns:
            the network, in evaluation mode

        Raises:
            DataError: a file that is no CVNet checkpoint, another key or shape under the prefix, or values that are not
                finite
        """
        content = load_checkpoint(path)
        if "model_state" not in content:
            raise DataError(f"{path}: the key 'model_state' is missing; {_REMEDY}")
        tensors = tensors_of(path, content["model_state"], "model_state", _REMEDY)
        state = {key.removeprefix(_PREFIX): tensor for key, tensor in tensors.items() if key.startswith(_PREFIX)}
        ignored = sorted({key.split(".")[0] for key in tensors if not key.startswith(_PREFIX)})
        if ignored:
            _log.info("%s: not used, because they compare pairs of images: %s", path, ", ".join(ignored))
        width = shape_of(path, state, "stem.conv.weight", 4, _REMEDY)[0]
        dim = shape_of(path, state, "head.fc.weight", 2, _REMEDY)[0]
        blocks = {tuple(key.split(".")[:2]) for key in state}
        depths = [max(1, sum(stage == f"s{number}" for stage, *_ in blocks)) for number in range(1, 5)]
        network = cls(depths, width, dim)
        fill(network, path, state, f"a CVNet with {'+'.join(map(str, depths))} blocks of width {width}", _REMEDY)
        return network.eval()

    def save_checkpoint(self, path: str | os.PathLike) -> None:
        """Write the network atomically, in the published form."""
        state = {f"{_PREFIX}{key}": tensor for key, tensor in self.state_dict().items()}
        with atomic_path(path) as temporary:
            torch.save({"model_state": state}, temporary)

    def for_inference(self) -> "CVNet":
        """Make a faster copy for inference alone: batch normalisation folded into convolutions, memory channels last.

        Its outputs are the same up to rounding. It has other parameters, so that it cannot be saved.
        """
        network = copy.deepcopy(self).eval()
        fold_batch_norms(network)
        convert_conv2d_weight_memory_format(network, torch.channels_last)
        return network.requires_grad_(False)

    def forward_local(self, image: torch.Tensor) -> torch.Tensor:
        """Compute the local feature map: the output of the third stage before its last ReLU.

        Args:
            image: (B, 3, H, W) float32 BGR, normalised by the mean and the standard deviation of ImageNet

        Returns:
            (B, local_dim, h, w) float32, h = ceil(H / 16), w = ceil(W / 16)

        Raises:
            DataError: an image of another shape
        """
        if image.dim() != 4 or image.shape[1] != 3 or not image.numel():
            raise DataError(f"image: the shape is {tuple(image.shape)}, expected (B, 3, H, W) without empty axes")
        features = self.stem(image)
        for stage in (self.s1, self.s2):
            features = functional.relu(stage(features), inplace=True)
        return self.s3(features)

    def forward_global(self, image: torch.Tensor) -> torch.Tensor:
        """Compute global descriptors (B, dim), not normalised, of images as :meth:`forward_local` takes them."""
        return self.pool(self.forward_local(image))

    def pool(self, local: torch.Tensor) -> torch.Tensor:
        """Compute global descriptors (B, dim), not normalised, from the map that :meth:`forward_local` returned."""
        return self.head(functional.relu(self.s4(functional.relu(local)), inplace=True))


class _Stem(nn.Module):
    """First convolution and pooling: (B, 3, H, W) -> (B, width, H / 4, W / 4), not negative."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, width, 7, stride=2, padding=3, bias=False)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        features = functional.relu(self.bn(self.conv(image)), inplace=True)
        return functional.max_pool2d(features, 3, stride=2, padding=1)


class _Stage(nn.Module):
    """Blocks b1, b2, ..., with ReLUs between them but none after the last."""

    def __init__(self, inputs: int, width: int, stride: int, depth: int) -> None:
        super().__init__()
        for number in range(1, depth + 1):
            self.add_module(f"b{number}", _Block(inputs, width, stride))
            inputs, stride = _EXPANSION * width, 1

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        for number, block in enumerate(self.children()):
            features = block(functional.relu(features, inplace=True) if number else features)
        return features


class _Block(nn.Module):
    """Bottleneck and shortcut, without the last ReLU: (B, inputs, h, w) -> (B, 4 width, h', w')."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = _EXPANSION * width
        self.proj: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.proj = nn.Conv2d(inputs, outputs, 1, stride=stride, bias=False)
            self.bn = nn.BatchNorm2d(outputs)
        self.f = _Bottleneck(inputs, width, stride)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        shortcut = features if self.proj is None else self.bn(self.proj(features))
        return self.f(features).add_(shortcut)


class _Bottleneck(nn.Module):
    """Convolutions of 1x1, 3x3 (with the stride) and 1x1."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(inputs, width, 1, bias=False)
        self.a_bn = nn.BatchNorm2d(width)
        self.b = nn.Conv2d(width, width, 3, stride=stride, padding=1, bias=False)
        self.b_bn = nn.BatchNorm2d(width)
        self.c = nn.Conv2d(width, _EXPANSION * width, 1, bias=False)
        self.c_bn = nn.BatchNorm2d(_EXPANSION * width)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        features = functional.relu(self.a_bn(self.a(features)), inplace=True)
        features = functional.relu(self.b_bn(self.b(features)), inplace=True)
        return self.c_bn(self.c(features))


class _Head(nn.Module):
    """Generalised-mean pooling and a fully connected layer: (B, inputs, h, w) -> (B, dim)."""

    def __init__(self, inputs: int, dim: int) -> None:
        super().__init__()
        self.pool = _GeneralisedMean()
        self.fc = nn.Linear(inputs, dim)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return self.fc(self.pool(features))


class _GeneralisedMean(nn.Module):
    """Generalised-mean pooling, (B, C, h, w) -> (B, C).

    Radenovic et al., Fine-tuning CNN image retrieval with no human annotation, PAMI 2019.
    """

    def __init__(self) -> None:
        super().__init__()
        self.p = nn.Parameter(torch.full((1,), 3.0))

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features.clamp(min=1e-6).pow(self.p).mean(dim=(2, 3)).pow(1 / self.p)
