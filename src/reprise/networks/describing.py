"""Describing any number of patches of any size with a network of patches."""

import numpy as np
import torch

from reprise.images.patch_resizing import shrink
from reprise.networks.patch_network import PatchNetwork
from reprise.storage.errors import DataError

_ROWS = 4096  # shrunk at once, so that memory stays small where patches are read from a file


def describe_patches(
    network: PatchNetwork, patches: np.ndarray, *, device: str | torch.device = "cpu", block: int = 512
) -> np.ndarray:
    """Describe patches in blocks.

    Args:
        network: is copied to the device for inference, and stays as it is
        patches: (N, P, P) or (N, 1, P, P) of grey levels from 0 to 255, uint8 or float; they are shrunk or enlarged to
            32 x 32 (:func:`reprise.images.patch_resizing.shrink`)
        device: where the network runs
        block: patches at once; changes descriptors by rounding at most

    Returns:
        (N, D) float32

    Raises:
        DataError: another shape or type, or patches that are not finite
    """
    patches = _squeezed(patches)
    runner = network.for_inference().to(device)
    found = [np.zeros((0, network.dim), np.float32)]
    with torch.inference_mode():
        for start in range(0, len(patches), _ROWS):
            small = torch.from_numpy(shrink(patches[start : start + _ROWS]))
            for part in small[:, None].split(block):
                found.append(runner(part.to(device)).float().cpu().numpy())
    return np.concatenate(found)


def _squeezed(patches: np.ndarray) -> np.ndarray:
    values = patches[:, 0] if patches.ndim == 4 and patches.shape[1] == 1 else patches
    if values.ndim != 3 or values.shape[1] != values.shape[2] or values.dtype.kind not in "uif":
        raise DataError(
            f"patches: {patches.dtype} of the shape {patches.shape}; give grey levels (N, P, P) or (N, 1, P, P)"
        )
    return values if values.dtype == np.uint8 else values.astype(np.float32)
