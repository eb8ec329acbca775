"""FPR95 of a network on the test pairs of PhotoTour sets."""

from collections.abc import Mapping

import numpy as np
import torch

from reprise.datasets.phototour import PhotoTour
from reprise.evaluation.patch_pairs import fpr95
from reprise.networks.patch_network import PatchNetwork
from reprise.storage.errors import DataError

_BLOCK = 1024
#: Mean and standard deviation of grey levels in [0, 1], of liberty, which the published code takes for all sets.
MEAN, STD = 0.443728476019, 0.20197947209


def prepared(patches: torch.Tensor) -> torch.Tensor:
    """Prepare patches for the network as the published training does.

    Args:
        patches: (n, 32, 32) uint8

    Returns:
        (n, 1, 32, 32) float32
    """
    return (patches[:, None].float() / 255 - MEAN) / STD


def pair_distances(network: PatchNetwork, tour: PhotoTour, device: str) -> np.ndarray:
    """Compute the Euclidean distances of the descriptors of all test pairs of a set.

    Args:
        network: is in evaluation mode meanwhile
        tour: with patches of 32 x 32
        device: of the network

    Returns:
        (M,) float32

    Raises:
        DataError: distances that are not finite
    """
    needed, rows = np.unique(tour.pairs[:, :2], return_inverse=True)
    training = network.training
    network.eval()
    with torch.inference_mode():
        blocks = [
            network(prepared(torch.from_numpy(tour.patches[needed[start : start + _BLOCK]]).to(device)))
            for start in range(0, len(needed), _BLOCK)
        ]
        first, second = torch.cat(blocks)[torch.from_numpy(rows.reshape(-1, 2).T.copy()).to(device)]
        distances = (first - second).square().sum(dim=1).sqrt().cpu().numpy()
    network.train(training)
    if not np.isfinite(distances).all():
        raise DataError("the descriptors are not finite; lower learning_rate")
    return distances


def false_positive_rates(network: PatchNetwork, tours: Mapping[str, PhotoTour], device: str) -> dict[str, float]:
    """Compute the FPR95, in [0, 1], on each of several sets; arguments as for :func:`pair_distances`."""
    return {name: fpr95(tour.pairs[:, 2], pair_distances(network, tour, device)) for name, tour in tours.items()}
