"""Describing any number of patches of any size with a network of patches."""

import numpy as np
import torch

from reprise.images.patch_resizing import resize_patches, stacked_patches
from reprise.networks.patch_network import PatchNetwork

_ROWS = 4096  # resized at once, so that memory stays small where patches are read from a file


class PatchDescriber:
    """A network of patches, for inference.

    Args:
        network: is copied, and stays as it is
        device: where it runs
        block: patches at once; changes descriptors by rounding at most
    """

    def __init__(self, network: PatchNetwork, device: str | torch.device = "cpu", block: int = 512) -> None:
        self._network = network.for_inference().to(device)
        self._device, self._block = device, block

    def __call__(self, patches: np.ndarray) -> np.ndarray:
        """Describe patches (N, 32, 32) of grey levels from 0 to 255: (N, D) float32."""
        found = [np.zeros((0, self._network.dim), np.float32)]
        with torch.inference_mode():
            for part in torch.from_numpy(patches)[:, None].split(self._block) if len(patches) else ():
                found.append(self._network(part.to(self._device)).float().cpu().numpy())
        return np.concatenate(found)


def describe_patches(
    network: PatchNetwork, patches: np.ndarray, *, device: str | torch.device = "cpu", block: int = 512
) -> np.ndarray:
    """Describe patches in blocks.

    Args:
        network: is copied to the device for inference, and stays as it is
        patches: (N, P, P) or (N, 1, P, P) of grey levels from 0 to 255, uint8 or float; they are resized to 32 x 32
            (:func:`reprise.images.patch_resizing.resize_patches`)
        device: where the network runs
        block: patches at once; changes descriptors by rounding at most

    Returns:
        (N, D) float32

    Raises:
        DataError: another shape or type, or patches that are not finite
    """
    patches = stacked_patches(patches)
    describe = PatchDescriber(network, device, block)
    found = [np.zeros((0, network.dim), np.float32)]
    for start in range(0, len(patches), _ROWS):
        found.append(describe(resize_patches(patches[start : start + _ROWS])))
    return np.concatenate(found)
