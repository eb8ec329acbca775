"""Files of HOW networks: the published format "how/2020" and the older one without a version."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from reprise.networks.how_settings import MeanStd, Runtime, Settings
from reprise.networks.resnet import trunk_dim, trunk_stride
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

VERSION = "how/2020"
REMEDY = "give a HOW checkpoint, such as how_r18.pth, how_r50-.pth or one that the training wrote"


@dataclass(frozen=True)
class Checkpoint:
    """The content of a checkpoint.

    Attributes:
        path: the file, for messages
        settings: the parts of the network
        mean_std: mean and standard deviation per channel that images are normalised by
        state_dict: parameter name -> tensor
    """

    path: str
    settings: Settings
    mean_std: MeanStd
    state_dict: dict[str, torch.Tensor]

    def check_state_dict(self, expected: Mapping[str, torch.Tensor]) -> None:
        """Check that the parameters have the names and shapes of ``expected`` and are finite; DataError where not."""
        settings = self.settings
        network = f"{settings.backbone} without its last {settings.skip_stages} stages, dim {settings.dim}"
        for key, tensor in expected.items():
            if key not in self.state_dict:
                raise DataError(f"{self.path}: state_dict has no {key!r}, which {network} needs; {REMEDY}")
            found = self.state_dict[key]
            if found.shape != tensor.shape:
                raise DataError(
                    f"{self.path}: state_dict[{key!r}] has the shape {tuple(found.shape)}, and {network} needs "
                    f"{tuple(tensor.shape)}; {REMEDY}"
                )
            if not torch.isfinite(found).all():
                raise DataError(f"{self.path}: state_dict[{key!r}] holds values that are not finite; {REMEDY}")
        foreign = [key for key in self.state_dict if key not in expected]
        if foreign:
            raise DataError(f"{self.path}: state_dict[{foreign[0]!r}] is no part of {network}; {REMEDY}")


def read_checkpoint(path: str | os.PathLike) -> Checkpoint:
    """Read a HOW checkpoint of either format.

    Raises:
        DataError: a file that is no HOW checkpoint, lacks a key, or describes a network that cannot be built
    """
    content = _Content(str(path), load_checkpoint(path))
    state_dict = content.get("state_dict", Mapping)
    for key, tensor in state_dict.items():
        if not isinstance(tensor, torch.Tensor):
            raise DataError(f"{path}: state_dict[{key!r}] is no tensor; {REMEDY}")
    if "_version" not in content.values:
        return _read_old(content, dict(state_dict))
    version = content.get("_version", str)
    if version != VERSION:
        raise DataError(f"{path}: _version is {version!r}, only {VERSION!r} is known; {REMEDY}")
    parameters = content.inside("net_params")
    reduction = parameters.inside("dim_reduction", optional=True)
    smoothing = parameters.inside("smoothing", optional=True)
    settings = _settings(
        parameters,
        parameters.get("skip_layer", int),
        reduction.get("dim", int) if reduction.values else None,
        smoothing.get("kernel_size", int) if smoothing.values else None,
    )
    mean_std = parameters.inside("runtime").get("mean_std", Sequence)
    return Checkpoint(str(path), settings, _mean_std(content.path, mean_std), dict(state_dict))


def write_checkpoint(
    path: str | os.PathLike,
    settings: Settings,
    mean_std: MeanStd,
    state_dict: Mapping[str, torch.Tensor],
    epoch: int,
    training: Mapping[str, Any],
    runtime: Runtime,
) -> None:
    """Write a network atomically in the format "how/2020", which the published code reads as well.

    Args:
        path: the file to write
        settings: the parts of the network
        mean_std: mean and standard deviation per channel that images are normalised by
        state_dict: parameter name -> tensor
        epoch: the number of epochs that the network was trained
        training: any of the published keys optimizer, scheduler, best_score and scores, and the number of threads of
            the processor that it was trained with
        runtime: how it was used to choose its best epoch

    Raises:
        DataError: another key in ``training``
    """
    state: dict[str, Any] = {"optimizer": None, "best_score": None, "scores": {}}
    for key, value in training.items():
        if key not in (*state, "scheduler", "threads"):
            raise DataError(f"training: {key!r} has no place in a {VERSION} checkpoint; leave it out")
        state[key] = value
    content = {
        "epoch": epoch,
        "meta": {
            "architecture": settings.backbone,
            "backbone_dim": trunk_dim(settings.backbone, settings.skip_stages),
            "outputdim": settings.dim or trunk_dim(settings.backbone, settings.skip_stages),
            "corercf_size": trunk_stride(settings.skip_stages),
        },
        "state_dict": {key: tensor.detach().cpu() for key, tensor in state_dict.items()},
        "net_params": _net_params(settings, mean_std, runtime),
        "_version": VERSION,
        **state,
    }
    # Through a file object: given a path, torch would write the name of the temporary file into the archive.
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        torch.save(content, file)


def _net_params(settings: Settings, mean_std: MeanStd, runtime: Runtime) -> dict[str, Any]:
    return {
        "architecture": settings.backbone,
        "pretrained": True,
        "skip_layer": settings.skip_stages,
        "dim_reduction": None if settings.dim is None else {"dim": settings.dim},
        "smoothing": None if settings.smoothing is None else {"kernel_size": settings.smoothing},
        "runtime": {
            "mean_std": [list(values) for values in mean_std],
            "image_size": runtime.image_size,
            "features_num": runtime.num_features,
            "scales": list(runtime.scales),
            "training_scales": [1],
        },
    }


def _read_old(content: "_Content", state_dict: dict[str, torch.Tensor]) -> Checkpoint:
    meta = content.inside("meta")
    settings = _settings(
        meta, meta.get("skip_layer", int), meta.get("dim", int), meta.get("feat_pool_k", int, optional=True)
    )
    for part in ("weight", "bias"):
        if f"whiten.{part}" in state_dict:
            state_dict[f"dim_reduction.{part}"] = state_dict.pop(f"whiten.{part}")
    mean_std = _mean_std(content.path, [meta.get("mean", Sequence), meta.get("std", Sequence)])
    return Checkpoint(content.path, settings, mean_std, state_dict)


def _settings(content: "_Content", skip_stages: int, dim: int | None, smoothing: int | None) -> Settings:
    try:
        return Settings(content.get("architecture", str), skip_stages, dim, smoothing)
    except DataError as error:
        raise DataError(f"{content.path}: {content.where}{error}; {REMEDY}") from error


def _mean_std(path: str, values: Sequence) -> MeanStd:
    try:
        (m0, m1, m2), (s0, s1, s2) = values
        mean_std = (float(m0), float(m1), float(m2)), (float(s0), float(s1), float(s2))
    except (TypeError, ValueError) as error:
        raise DataError(f"{path}: mean and std are {values!r}, not three numbers each; {REMEDY}") from error
    if not all(std > 0 for std in mean_std[1]):
        raise DataError(f"{path}: std is {mean_std[1]}, and must be positive; {REMEDY}")
    return mean_std


@dataclass(frozen=True)
class _Content:
    """A mapping of a checkpoint that knows its place in the file, for messages."""

    path: str
    values: Mapping
    where: str = ""

    def get(self, key: str, kind: type, *, optional: bool = False) -> Any:
        if optional and self.values.get(key) is None:
            return None
        if key not in self.values:
            raise DataError(f"{self.path}: the key {self.where}{key} is missing; {REMEDY}")
        value = self.values[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise DataError(f"{self.path}: {self.where}{key} is {value!r:.60}, not of type {kind.__name__}; {REMEDY}")
        return value

    def inside(self, key: str, *, optional: bool = False) -> "_Content":
        values = self.get(key, Mapping, optional=optional)
        return _Content(self.path, values or {}, f"{self.where}{key}.")
