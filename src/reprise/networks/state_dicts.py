"""State dicts from files: checked by name, shape and value before a network is filled with them."""

import os
from collections.abc import Mapping

import torch

from reprise.storage.errors import DataError


def tensors_of(path: str | os.PathLike, content: object, where: str, remedy: str) -> dict[str, torch.Tensor]:
    """Check that a part of a checkpoint is a dictionary of tensors, and return it.

    Args:
        path: the file that messages name
        content: the part
        where: the name of the part, for messages
        remedy: the last part of a message: what to give in place of the file

    Raises:
        DataError: anything else
    """
    if not isinstance(content, Mapping) or not content:
        raise DataError(f"{path}: {where} is a {type(content).__name__}, not a dictionary of tensors; {remedy}")
    for key, value in content.items():
        if not isinstance(value, torch.Tensor):
            raise DataError(f"{path}: {where} holds {key!r}, a {type(value).__name__} and no tensor; {remedy}")
    return dict(content)


def shape_of(
    path: str | os.PathLike, state: Mapping[str, torch.Tensor], key: str, dimensions: int, remedy: str
) -> tuple[int, ...]:
    """Return the shape of a tensor from which the sizes of a network follow.

    Args:
        path: the file that messages name
        state: parameter name -> tensor
        key: the name of the tensor
        dimensions: the number of dimensions that it must have
        remedy: the last part of a message: what to give in place of the file

    Raises:
        DataError: a missing key, or another number of dimensions
    """
    if key not in state:
        raise DataError(f"{path}: the key {key!r} is missing; {remedy}")
    if state[key].dim() != dimensions:
        raise DataError(
            f"{path}: {key!r} has the shape {tuple(state[key].shape)}, expected {dimensions} axes; {remedy}"
        )
    return tuple(state[key].shape)


def fill(
    network: torch.nn.Module, path: str | os.PathLike, state: Mapping[str, torch.Tensor], what: str, remedy: str
) -> None:
    """Load ``state`` into ``network``, strictly.

    Args:
        network: the network to fill, in place
        path: the file that messages name
        state: parameter name -> tensor
        what: the name of the network, for messages
        remedy: the last part of a message: what to give in place of the file

    Raises:
        DataError: a key too many or too few, another shape, or values that are not finite
    """
    expected = network.state_dict()
    for key, tensor in expected.items():
        if key not in state:
            raise DataError(f"{path}: the key {key!r} is missing, which {what} needs; {remedy}")
        if state[key].shape != tensor.shape:
            raise DataError(
                f"{path}: {key!r} has the shape {tuple(state[key].shape)}, and {what} needs {tuple(tensor.shape)}; "
                f"{remedy}"
            )
        if not torch.isfinite(state[key]).all():
            raise DataError(f"{path}: {key!r} holds values that are not finite; {remedy}")
    foreign = [key for key in state if key not in expected]
    if foreign:
        raise DataError(f"{path}: the key {foreign[0]!r} is no part of {what}; {remedy}")
    network.load_state_dict(state)
