"""HardNet (Mishchuk, Mishkin, Radenovic and Matas, NIPS 2017).

Where the class of the same name in kornia differs from the published one (what is added to standard deviations and
norms, and the initialisation), this is the published one; the names of the parameters are those of both.
"""

from typing import ClassVar

import torch
from torch import nn

from reprise.networks.patch_network import PatchNetwork, deep_trunk, run_trunk, standardised


class HardNet(PatchNetwork):
    """From patches (B, 1, 32, 32) to descriptors (B, 128) of unit norm. A new one is initialised for training.

    As any module, a new one is in training mode, in which batch normalisation takes the statistics of the batch; call
    ``eval()`` to describe patches.

    Args:
        dropout: share of the channels before the last convolution that training switches off; 0.1 in the experiments of
            the conference paper
        gain: of the orthogonal initialisation; 0.7 in those experiments
    """

    published: ClassVar[str] = "a HardNet checkpoint, such as checkpoint_liberty_with_aug.pth or HardNet++.pth"

    def __init__(self, dropout: float = 0.3, gain: float = 0.6) -> None:
        super().__init__()
        self.features = deep_trunk(bias=False, dropout=dropout, epsilon=1e-5)
        for module in self.features:
            if isinstance(module, nn.Conv2d):
                nn.init.orthogonal_(module.weight, gain=gain)

    def describe(self, patches: torch.Tensor) -> torch.Tensor:
        """Describe checked patches; see :meth:`PatchNetwork.forward`."""
        features = run_trunk(self.features, standardised(patches, 1e-7))
        return features / (features.square().sum(dim=1, keepdim=True) + 1e-10).sqrt()
