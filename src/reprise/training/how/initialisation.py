"""A HOW network before its training: its trunk, and the whitening of a set of images.

Tolias, Jenicek and Chum, ECCV 2020, section 4.1: the 1x1 reduction starts as a PCA whitening of local features.
"""

import os

import torch
from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.networks.how import HOW
from reprise.networks.whitening import initialise_reduction
from reprise.training.how.images import load_ahead
from reprise.training.how.settings import TrainingSettings
from reprise.training.trunks import load_trunk


def initial_network(
    settings: TrainingSettings,
    images: ImageList,
    trunk: str | os.PathLike | None,
    *,
    workers: int = 2,
    device: str = "cpu",
) -> HOW:
    """The network of ``settings``, its reduction the whitening of the first of ``images``.

    Args:
        settings: of the training
        images: the first of which are whitened
        trunk: a torchvision checkpoint; None for random weights from the seed of the settings
        workers: threads that decode images
        device: where the network runs

    Raises:
        DataError: settings that no network can have, another checkpoint, or an image that cannot be decoded
    """
    torch.manual_seed(settings.seed)
    network = HOW(settings.backbone, settings.skip_stages, settings.dim, settings.smoothing)
    if trunk is not None:
        load_trunk(network.features, settings.backbone, settings.skip_stages, trunk)
    network.to(device)
    if settings.whitening is not None:
        chosen = images.first(settings.whitening.images)
        tensors = load_ahead(chosen.paths, network, settings.image_size, workers)
        progress = tqdm(tensors, total=len(chosen), unit="image", desc="whitening", mininterval=1.0)
        initialise_reduction(network, progress, settings.whitening.num_features)
    return network
