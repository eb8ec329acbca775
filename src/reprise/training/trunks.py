"""Trunks that were trained on ImageNet: checkpoints of torchvision, with the parameter names of this project."""

import os
import re

import torch
from torch import nn

from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_STAGES = 4


def load_trunk(trunk: nn.Module, backbone: str, skip_stages: int, path: str | os.PathLike) -> None:
    """Set a trunk to the weights of a torchvision checkpoint, such as resnet18-5c106cde.pth.

    What the trunk lacks is left out: the classifier, and the stages that it skips. The published networks
    start from the first weights that torchvision released ("IMAGENET1K_V1").

    Args:
        trunk: with the parameter names of :func:`reprise.networks.resnet.resnet_trunk`
        backbone: of the trunk, such as ``resnet18``
        skip_stages: number of last stages that it lacks
        path: the checkpoint

    Raises:
        DataError: a file that is no checkpoint of the backbone, by name or shape of any parameter
    """
    remedy = f"give a torchvision checkpoint of {backbone}"
    expected = trunk.state_dict()
    # Older files do not count the batches that statistics were taken from; nothing reads the count.
    weights = {key: value for key, value in expected.items() if key.endswith("num_batches_tracked")}
    for key, tensor in load_checkpoint(path).items():
        stage = re.match(r"layer(\d)\.", key)
        if key.startswith("fc.") or (stage and int(stage[1]) > _STAGES - skip_stages):
            continue
        name = _own_name(key)
        if name not in expected:
            raise DataError(f"{path}: {key!r} is no part of {backbone}; {remedy}")
        if not isinstance(tensor, torch.Tensor) or tensor.shape != expected[name].shape:
            shape = tuple(tensor.shape) if isinstance(tensor, torch.Tensor) else type(tensor).__name__
            needed = tuple(expected[name].shape)
            raise DataError(f"{path}: {key!r} has the shape {shape}, and {backbone} needs {needed}; {remedy}")
        if not torch.isfinite(tensor).all():
            raise DataError(f"{path}: {key!r} holds values that are not finite; fetch the file again")
        weights[name] = tensor
    missing = [name for name in expected if name not in weights]
    if missing:
        raise DataError(f"{path}: has no parameter for {missing[0]!r} of the trunk of {backbone}; {remedy}")
    trunk.load_state_dict(weights)


def _own_name(key: str) -> str:
    """The name in a trunk: conv1 and bn1 are its children 0 and 1, layer1 to layer4 its children 4 to 7."""
    for pattern, child in ((r"conv1\.", 0), (r"bn1\.", 1), *((rf"layer{n}\.", n + 3) for n in range(1, _STAGES + 1))):
        if re.match(pattern, key):
            return re.sub(pattern, f"{child}.", key, count=1)
    return key
