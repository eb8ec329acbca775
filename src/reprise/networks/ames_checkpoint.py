"""Files of AMES networks and of their binarization matrices."""

import os
from collections.abc import Mapping
from typing import Any

import torch

from reprise.networks.ames_layers import DIM
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_REMEDY = "give an AMES checkpoint, such as dinov2_ames.pt, or one that the training wrote"


def read_state(path: str | os.PathLike) -> dict[str, torch.Tensor]:
    """Read the parameters (key ``state``) of a checkpoint.

    Returns:
        parameter name -> tensor, all of them finite

    Raises:
        DataError: a file without ``state``, an entry that is no tensor, or values that are not finite
    """
    state = load_checkpoint(path).get("state")
    if not isinstance(state, Mapping) or not state:
        raise DataError(f"{path}: has no 'state' with the parameters of a network; {_REMEDY}")
    for key, tensor in state.items():
        if not isinstance(tensor, torch.Tensor):
            raise DataError(f"{path}: state[{key!r}] is no tensor; {_REMEDY}")
        if not torch.isfinite(tensor).all():
            raise DataError(f"{path}: state[{key!r}] holds values that are not finite; {_REMEDY}")
    return dict(state)


def settings_of(path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> tuple[int, bool]:
    """Find the settings of the network that ``state`` belongs to, from the shapes of its projection.

    Args:
        path: the file that messages name
        state: the parameters of the network

    Returns:
        ``local_dim`` and ``binarized``, as the arguments of :class:`reprise.networks.ames.AMES`

    Raises:
        DataError: neither of the two projections is in ``state``
    """
    for key, axis, binarized in (("remap_local.0.W", 0, True), ("remap_local.0.weight", 1, False)):
        if key in state and state[key].ndim == 2:
            return state[key].shape[axis], binarized
    raise DataError(f"{path}: state has neither 'remap_local.0.weight' nor 'remap_local.0.W'; {_REMEDY}")


def check_state(
    path: str | os.PathLike, state: Mapping[str, torch.Tensor], expected: Mapping[str, torch.Tensor]
) -> None:
    """Check that ``state`` has the names and shapes of ``expected``.

    Args:
        path: the file that messages name
        state: the parameters that were read
        expected: the state dict of the network that they are for

    Raises:
        DataError: a missing or a foreign parameter, or another shape
    """
    for key, tensor in expected.items():
        if key not in state:
            raise DataError(f"{path}: state has no {key!r}; {_REMEDY}")
        if state[key].shape != tensor.shape:
            found, needed = tuple(state[key].shape), tuple(tensor.shape)
            raise DataError(f"{path}: state[{key!r}] has the shape {found}, and AMES needs {needed}; {_REMEDY}")
    foreign = [key for key in state if key not in expected]
    if foreign:
        raise DataError(f"{path}: state[{foreign[0]!r}] is no part of AMES; {_REMEDY}")


def write_checkpoint(path: str | os.PathLike, content: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically, in a form that the published code reads as well."""
    with atomic_path(path) as temporary:
        torch.save(dict(content), temporary)


def read_binarizer(path: str | os.PathLike, local_dim: int) -> torch.Tensor:
    """Read a binarization matrix, as iterative quantisation left it, from a file with the key ``W``.

    Args:
        path: the file, such as ``itq_dinov2_D128.pt``
        local_dim: dimensions of the descriptors that the matrix is for

    Returns:
        (local_dim, 128) float32

    Raises:
        DataError: no such key, another shape (a file of another backbone), or values that are not finite
    """
    W = load_checkpoint(path).get("W")
    remedy = f"give the file that was fitted to descriptors of {local_dim} dimensions, such as itq_dinov2_D128.pt"
    if not isinstance(W, torch.Tensor):
        raise DataError(f"{path}: has no matrix 'W'; {remedy}")
    if W.shape != (local_dim, DIM):
        raise DataError(f"{path}: 'W' has the shape {tuple(W.shape)}, expected {(local_dim, DIM)}; {remedy}")
    if not torch.isfinite(W).all():
        raise DataError(f"{path}: 'W' holds values that are not finite; fit it again")
    return W.float()
