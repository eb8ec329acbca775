"""A small DINOv2 without training whose local features are still worth matching, for the miniature.

Random filters of patches keep what they look like; what makes descriptors of them is the whitening, which the detector
applies, and the length of the whitened vector tells rare patches from common ones.
"""

import os

import numpy as np
import torch
from torch.nn import functional
from tqdm import tqdm

from reprise.datasets.images import ImageList
from reprise.images.prepare_ames import prepare
from reprise.images.tensors import BGR, to_tensor
from reprise.networks.attention_detector import AttentionDetector
from reprise.networks.dinov2 import DINOv2
from reprise.networks.whitening import reduction, whitening
from reprise.training.dinov2.settings import DinoV2Settings

_HEAD_DIM = 64
# Filters are drawn with this many pixels a side and enlarged: finer detail does not survive a shift of the image.
_FILTER_SIDE = 3
# Tokens are far from the origin, so that the normalisation of a token divides all of them by about the same: flat
# patches stay weak.
_OFFSET = 100.0
_LEAST_DEVIATION = 0.03
_DEFAULTS = DinoV2Settings()


def initialise_dinov2(
    backbone: str | os.PathLike,
    detector: str | os.PathLike,
    images: ImageList,
    settings: DinoV2Settings = _DEFAULTS,
) -> None:
    """Write a DINOv2 with random weights, and a detector that whitens its tokens, in the published formats.

    The filters of the patches are random and smooth, and there are no positions. The detector projects to the PCA
    whitening of the tokens of ``images`` and weighs a token by the sum of what is positive of it. Descriptors are meant
    to be taken in the space of the detector.

    Args:
        backbone: the file of the network
        detector: the file of the detector
        images: whose tokens are whitened
        settings: of both
    """
    dim = settings.dim
    torch.manual_seed(settings.seed)
    network = DINOv2(dim, settings.depth, dim // _HEAD_DIM, grid=1).requires_grad_(False).eval()
    coarse = torch.randn(dim, 3, _FILTER_SIDE, _FILTER_SIDE)
    smooth = functional.interpolate(coarse, (network.patch, network.patch), mode="bicubic")
    smooth -= smooth.mean(dim=(2, 3), keepdim=True)
    state = network.state_dict()
    state["patch_embed.proj.weight"].copy_(smooth / smooth.flatten(1).norm(dim=1)[:, None, None, None])
    state["patch_embed.proj.bias"].copy_(_OFFSET * (1 - 2 * (torch.arange(dim) % 2)))
    state["pos_embed"].zero_()
    network.save_checkpoint(backbone)
    _whitening_detector(_tokens(network, images, settings.image_size)).save_checkpoint(detector)


@torch.inference_mode()
def _tokens(network: DINOv2, images: ImageList, image_size: int) -> np.ndarray:
    tokens = []
    for path in tqdm(images.paths, unit="image", mininterval=1.0):
        (scaled,) = prepare(path, None, image_size, (1.0,), network.patch)
        tokens.append(network(to_tensor(scaled.pixels, *BGR).flip(1))[1][0].numpy())
    return np.concatenate(tokens)


def _whitening_detector(tokens: np.ndarray) -> AttentionDetector:
    mean, rotation = whitening(tokens, shrinkage=0)
    deviations = ((tokens - mean) @ rotation).std(axis=0)
    # Directions in which tokens hardly differ would only add noise.
    scale = 1 / np.maximum(deviations, _LEAST_DEVIATION * deviations.max())
    weight, bias = reduction(mean, rotation * scale, tokens.shape[1])
    detector = AttentionDetector(tokens.shape[1]).requires_grad_(False).eval()
    state = detector.state_dict()
    state["conv1.weight"].copy_(torch.from_numpy(weight))
    state["conv1.bias"].copy_(torch.from_numpy(bias))
    state["conv2.weight"].fill_(1 / tokens.shape[1])
    state["conv2.bias"].zero_()
    return detector
