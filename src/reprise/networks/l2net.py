"""L2-Net (Tian, Fan and Wu, CVPR 2017), the tower of 128 dimensions, and the conversion of its published files.

The files are networks of MatConvNet, ``L2Net-LIB+.mat`` and others:

* ``net.layers`` holds convolutions with biases, ``bnormPair`` and ``bnorm`` layers, ``relu`` and a normalisation.
  Filters (H, W, in, out) become (out, in, H, W). Of a batch normalisation, the third array of weights is used, (C, 2):
  means and standard deviations, in which MatConvNet has counted its epsilon already. Gains and offsets are ignored,
  as the authors' program does.
* ``pixMean``, (32, 32), is subtracted from the grey levels before each patch is standardised.
* ``netCen`` and ``pixMeanCen`` belong to the second tower, for the centres of larger patches, and are not used.

The authors halve patches of 64 x 64 with MATLAB's ``imresize``; here they are shrunk as for HardNet.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from reprise.images.patch_resizing import PATCH_SIZE
from reprise.networks.patch_network import PatchNetwork, deep_trunk, run_trunk, standardised
from reprise.storage.errors import DataError
from reprise.untrusted.matlab import load_matlab

_IGNORED = ("relu", "dropout", "normalize", "normalise", "normalizelp", "lrn")


class L2Net(PatchNetwork):
    """From patches (B, 1, 32, 32) to descriptors (B, 128) of unit norm. The trunk is that of HardNet, with biases."""

    published: ClassVar[str] = "a file of L2-Net, such as L2Net-LIB+.mat"
    pixel_mean: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        # Nothing is added to the variances, because the standard deviations of the files are divided by as they are.
        self.features = deep_trunk(bias=True, dropout=0.0, epsilon=0.0)
        self.register_buffer("pixel_mean", torch.zeros(1, 1, PATCH_SIZE, PATCH_SIZE))

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a published ``.mat`` file, or a checkpoint; see :meth:`PatchNetwork.from_checkpoint`."""
        if Path(path).suffix.lower() != ".mat":
            return super().from_checkpoint(path)
        try:
            state = _converted(load_matlab(path))
        except _UnfitError as error:
            raise DataError(f"{path}: {error}; {cls.remedy()}") from error
        return cls.from_state(path, state)

    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`PatchNetwork.forward`."""
        centred = standardised(patches - self.pixel_mean, 1e-12)
        return functional.normalize(run_trunk(self.features, centred))


class _UnfitError(ValueError):
    """What a file lacks to be an L2-Net."""


def _converted(variables: Mapping[str, Any]) -> dict[str, torch.Tensor]:
    """The state dict of the variables of a published file."""
    layers = _layers(variables)
    state = {"pixel_mean": _floats(variables.get("pixMean"), "pixMean").reshape(1, 1, PATCH_SIZE, PATCH_SIZE)}
    for index, module in enumerate(deep_trunk(bias=True, dropout=0.0, epsilon=0.0)):
        if isinstance(module, nn.Conv2d):
            weights = _weights(next(layers, {}), "conv", 2)
            filters, bias = (_floats(values, f"the weights of layer {index}") for values in weights)
            if filters.dim() == 3:  # MATLAB drops the one channel of the input where it is the last dimension
                filters = filters[:, :, None]
            state[f"features.{index}.weight"] = filters.permute(3, 2, 0, 1).contiguous()
            state[f"features.{index}.bias"] = bias.flatten()
        elif isinstance(module, nn.BatchNorm2d):
            moments = _floats(_weights(next(layers, {}), "bnorm", 3)[2], f"the moments of layer {index}")
            if moments.shape != (module.num_features, 2) or not bool((moments[:, 1] > 0).all()):
                raise _UnfitError(f"the moments of layer {index} are no means and positive standard deviations")
            state[f"features.{index}.running_mean"] = moments[:, 0].clone()
            state[f"features.{index}.running_var"] = moments[:, 1].square()
    if next(layers, None) is not None:
        raise _UnfitError("net.layers has more convolutions than L2-Net")
    return state


def _layers(variables: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    net = variables.get("net")
    layers = net.get("layers") if isinstance(net, dict) else None
    if not isinstance(layers, list):
        raise _UnfitError("there is no net.layers in it")
    for layer in layers:
        if not isinstance(layer, dict) or not isinstance(layer.get("type"), str):
            raise _UnfitError("a layer of net.layers has no type")
        if layer["type"].lower() not in _IGNORED:
            yield layer


def _weights(layer: Mapping[str, Any], kind: str, count: int) -> list:
    weights, found = layer.get("weights"), layer.get("type", "nothing")
    if not found.startswith(kind) or not isinstance(weights, list) or len(weights) < count:
        raise _UnfitError(f"net.layers has {found} where {kind} with {count} weights is expected")
    return weights[:count]


def _floats(values: Any, what: str) -> torch.Tensor:
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "fiu" or not values.size:
        raise _UnfitError(f"{what}: there are no numbers")
    if what == "pixMean" and values.shape != (PATCH_SIZE, PATCH_SIZE):
        raise _UnfitError(f"pixMean has the shape {values.shape}, expected {(PATCH_SIZE, PATCH_SIZE)}")
    return torch.from_numpy(np.ascontiguousarray(values, np.float32))
