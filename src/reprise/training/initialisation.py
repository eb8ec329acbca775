"""A HOW network before its training: random weights, and the whitening of a set of images.

Tolias, Jenicek and Chum, ECCV 2020, section 4.1: the 1x1 reduction starts as a PCA whitening of local features.
"""

import os
from collections.abc import Iterator

import torch
from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.extractors.images import load_image, to_tensor
from reprise.networks.how import HOW
from reprise.networks.whitening import initialise_reduction


def initialise_how(
    output: str | os.PathLike,
    images: ImageList,
    *,
    backbone: str,
    skip_stages: int,
    image_size: int,
    num_features: int,
    seed: int,
) -> None:
    """Write a HOW network with random weights from ``seed`` and a whitening of ``images`` in the published format."""
    torch.manual_seed(seed)
    network = HOW(backbone, skip_stages)
    initialise_reduction(network, _tensors(images, image_size, network), num_features)
    network.save_checkpoint(output)


def _tensors(images: ImageList, image_size: int, network: HOW) -> Iterator[torch.Tensor]:
    for path in tqdm(images.paths, unit="image", mininterval=1.0):
        yield to_tensor(load_image(path, None, image_size).pixels, *network.mean_std)
