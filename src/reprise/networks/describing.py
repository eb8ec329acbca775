"""Describing any number of patches of any size with a network of patches."""

import cv2
import numpy as np
import torch

from reprise.networks.patch_network import PATCH_SIZE, PatchNetwork
from reprise.storage.errors import DataError

_ROWS = 4096  # shrunk at once, so that memory stays small where patches are read from a file


def describe_patches(
    network: PatchNetwork, patches: np.ndarray, *, device: str | torch.device = "cpu", block: int = 512
) -> np.ndarray:
    """Describe patches in blocks.

    Args:
        network: is copied to the device for inference, and stays as it is
        patches: (N, P, P) or (N, 1, P, P) of grey levels from 0 to 255, uint8 or float; they are shrunk or enlarged to
            32 x 32 (:func:`shrink`)
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


def shrink(patches: np.ndarray) -> np.ndarray:
    """Resize patches to 32 x 32 by OpenCV's bilinear interpolation, without smoothing, as published.

    Args:
        patches: (N, P, P) uint8 or float

    Returns:
        (N, 32, 32); uint8 stays uint8, which rounds, and float becomes float32

    Raises:
        DataError: values that are not finite
    """
    if patches.dtype != np.uint8:
        patches = np.asarray(patches, np.float32)
        if not np.isfinite(patches).all():
            raise DataError("patches: hold values that are not finite; leave these patches out")
    size = patches.shape[-1]
    if size == PATCH_SIZE:
        return np.array(patches)
    if size == 2 * PATCH_SIZE and patches.dtype == np.uint8:  # to which the interpolation comes down, for all at once
        sums = patches.reshape(-1, PATCH_SIZE, 2, PATCH_SIZE, 2).sum(axis=(2, 4), dtype=np.uint16)
        return ((sums + 2) >> 2).astype(np.uint8)
    small = np.empty((len(patches), PATCH_SIZE, PATCH_SIZE), patches.dtype)
    for patch, target in zip(patches, small, strict=True):
        cv2.resize(patch, (PATCH_SIZE, PATCH_SIZE), target, interpolation=cv2.INTER_LINEAR)
    return small


def _squeezed(patches: np.ndarray) -> np.ndarray:
    values = patches[:, 0] if patches.ndim == 4 and patches.shape[1] == 1 else patches
    if values.ndim != 3 or values.shape[1] != values.shape[2] or values.dtype.kind not in "uif":
        raise DataError(
            f"patches: {patches.dtype} of the shape {patches.shape}; give grey levels (N, P, P) or (N, 1, P, P)"
        )
    return values if values.dtype == np.uint8 else values.astype(np.float32)
