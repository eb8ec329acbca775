"""Patches of another size, as the networks that describe them were trained on."""

import cv2
import numpy as np

from reprise.storage.errors import DataError

PATCH_SIZE = 32


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
