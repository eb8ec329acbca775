"""What networks have in common whose weights are published as one state dict: reading and writing their files."""

import copy
import os
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Self

import torch
from torch import nn

from reprise.networks.resnet import fold_batch_norms
from reprise.networks.state_dicts import fill, tensors_of
from reprise.storage.atomic import atomic_path
from reprise.storage.errors import DataError
from reprise.untrusted.checkpoints import load_checkpoint

_COUNTERS = "num_batches_tracked"


class PublishedNetwork(nn.Module):
    """A network that can be constructed without arguments, and filled from a file of weights.

    Attributes:
        published: which files there are, for messages
        prefix: what the names of parameters begin with in published files, beside their names here
    """

    published: ClassVar[str]
    prefix: ClassVar[str] = ""

    @classmethod
    def from_checkpoint(cls, path: str | os.PathLike) -> Self:
        """Read a published file of weights, or one that :meth:`save_checkpoint` wrote.

        It holds a state dict, alone or as ``state_dict`` beside other entries, such as the number of the epoch.
        Counters of batches, which files before torch 0.4.1 have not, may be missing.

        Returns:
            the network in evaluation mode

        Raises:
            DataError: a file that is missing or damaged, a key too many or too few, another shape, or values that are
                not finite
        """
        if not Path(path).exists():
            raise DataError(
                f"{path}: there is no such file; {cls.remedy()}. Where it was to be unpacked from an archive, whose "
                "files <folder>.files.tsv lists, correct the `member` of its checkpoint"
            )
        content = load_checkpoint(path)
        where, state = ("state_dict", content["state_dict"]) if "state_dict" in content else ("the file", content)
        tensors = tensors_of(path, state, where, cls.remedy())
        return cls.from_state(path, {key.removeprefix(cls.prefix): value for key, value in tensors.items()})

    @classmethod
    def from_state(cls, path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> Self:
        """Make a network in evaluation mode of the parameters of a file; arguments and errors as of the file."""
        network = cls.like(path, state)
        counters = {key: value for key, value in network.state_dict().items() if key.endswith(_COUNTERS)}
        fill(network, path, {**counters, **state}, cls.__name__, cls.remedy())
        return network.eval()

    @classmethod
    def like(cls, path: str | os.PathLike, state: Mapping[str, torch.Tensor]) -> Self:
        """Construct the network that parameters are of: its defaults, or a variant that their names or shapes tell.

        Args:
            path: the file, for messages
            state: parameter name -> tensor
        """
        return cls()

    @classmethod
    def remedy(cls) -> str:
        """The last part of messages on files: what to give."""
        return f"give {cls.published}, or a file that the training wrote"

    def save_checkpoint(self, path: str | os.PathLike, epoch: int = 0) -> None:
        """Write {epoch, state_dict} atomically, as published."""
        state = {key: tensor.detach().cpu() for key, tensor in self.state_dict().items()}
        # Through a file object: given a path, torch would write the name of the temporary file into the archive.
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            torch.save({"epoch": epoch, "state_dict": state}, file)

    def for_inference(self) -> Self:
        """Make a copy for inference alone, with batch normalisation folded into convolutions; it cannot be saved."""
        network = copy.deepcopy(self).eval()
        fold_batch_norms(network)
        return network.requires_grad_(False)
