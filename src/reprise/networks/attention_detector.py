"""Detector that ranks local features by a learned attention, as in DELG (Cao, Araujo and Sim, ECCV 2020).

Parameter names are those of the published AMES detectors, ``dinov2_detector.pt`` and ``cvnet_detector.pt``.
"""

import copy
import os
from typing import Self

import torch
from torch import nn
from torch.nn import functional

from reprise.networks.resnet import fold_batch_norms
from reprise.networks.state_dicts import fill, shape_of, tensors_of
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_REMEDY = "give an AMES detector, such as dinov2_detector.pt"


class AttentionDetector(nn.Module):
    """Projection of a feature map, and a weight for each of its cells. A new detector has random weights.

    Args:
        dim: channels of the feature map, and of the projected features
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.dim = dim
        self.conv1 = nn.Conv2d(dim, dim, 1)
        self.bn = nn.BatchNorm2d(dim)
        self.conv2 = nn.Conv2d(dim, 1, 1)
        for convolution in (self.conv1, self.conv2):
            nn.init.normal_(convolution.weight, std=(2 / convolution.out_channels) ** 0.5)

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a published detector, or a saved one.

        Args:
            path: the file; nothing is downloaded

        Returns:
            the network, in evaluation mode

        Raises:
            DataError: a file without ``state``, another key or shape in it, or values that are not finite
        """
        content = load_checkpoint(path)
        if "state" not in content:
            raise DataError(f"{path}: the key 'state' is missing; {_REMEDY}")
        state = tensors_of(path, content["state"], "state", _REMEDY)
        detector = cls(shape_of(path, state, "conv1.weight", 4, _REMEDY)[0])
        fill(detector, path, state, f"a detector of dim {detector.dim}", _REMEDY)
        return detector.eval()

    def save_checkpoint(self, path: str | os.PathLike) -> None:
        """Write the detector atomically, in the published form."""
        with atomic_path(path) as temporary:
            torch.save({"state": self.state_dict()}, temporary)

    def for_inference(self) -> "AttentionDetector":
        """Make a copy for inference alone, with batch normalisation folded into convolutions; it cannot be saved."""
        detector = copy.deepcopy(self).eval()
        fold_batch_norms(detector)
        return detector.requires_grad_(False)

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Project a feature map and weigh its cells.

        Args:
            features: (B, dim, h, w) float32

        Returns:
            (B, dim, h, w) projected features of unit L2 norm, and (B, 1, h, w) weights, greater than 0
        """
        projected = self.bn(self.conv1(features))
        weights = functional.softplus(self.conv2(functional.relu(projected)))
        return functional.normalize(projected, dim=1, eps=1e-15), weights
