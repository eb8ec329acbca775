"""A small CVNet without training whose local features still differ from each other, for the miniature.

Its filters are random. Its batch normalisations have the statistics of some images, without which the responses of a
deep network of random filters are nearly the same everywhere.
"""

import os
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.datasets.reading import read_dataset
from reprise.images.prepare_ames import prepare
from reprise.images.tensors import BGR, to_tensor
from reprise.networks.cvnet import CVNet
from reprise.training.curves import Row, Rows
from reprise.training.loop import System, TrainingFiles, run_training

# One block in each stage.
_DEPTHS = (1, 1, 1, 1)


def initialise_cvnet(description: Mapping[str, Any], files: TrainingFiles, identity: str) -> None:
    """Write a CVNet with random weights in the published format.

    Args:
        description: ``width``, ``dim``, ``image_size``, ``seed``, ``images`` and the description of the ``dataset``
        files: what is written; the history has no epoch
        identity: of the training
    """
    run_training(_RandomCVNet(description), 0, files, identity)


class _RandomCVNet(System):
    """The network, of which nothing is trained."""

    title = "CVNet without training"
    columns = ()
    panels = ()

    def __init__(self, description: Mapping[str, Any]) -> None:
        torch.manual_seed(description["seed"])
        self._network = CVNet(_DEPTHS, description["width"], description["dim"]).requires_grad_(False)
        self._images = read_dataset(description["dataset"]).database.first(description["images"])
        self._image_size = description["image_size"]

    def initialise(self) -> None:
        """Take the statistics of the batch normalisations from the images."""
        normalise(self._network, self._images, self._image_size)

    def state(self) -> dict[str, Any]:
        """Return the parameters of the network."""
        return {"network": self._network.state_dict()}

    def load(self, state: Mapping[str, Any]) -> None:
        """Take over the parameters of the network."""
        self._network.load_state_dict(state["network"])

    def train(self, epoch: int) -> Row:
        """Train nothing: there is no epoch."""
        return {}

    def save(self, path: str | os.PathLike, history: Rows) -> None:
        """Write the network."""
        self._network.save_checkpoint(path)


@torch.inference_mode()
def normalise(network: CVNet, images: ImageList, image_size: int) -> None:
    """Set the statistics of all batch normalisations to those of images, each counting alike.

    Args:
        network: afterwards in evaluation mode
        images: any number of at least one
        image_size: pixels of the longer side
    """
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # the mean over all passes
    network.train()
    for path in tqdm(images.paths, unit="image", mininterval=1.0):
        (scaled,) = prepare(path, None, image_size)
        network.forward_global(to_tensor(scaled.pixels, *BGR))
    network.eval()
