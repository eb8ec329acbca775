"""Patches of another size, as what describes them was made for."""

import numpy as np

from reprise.storage.errors import DataError

#: Side of the patches that networks describe.
PATCH_SIZE = 32


def resize_patches(patches: np.ndarray, size: int = PATCH_SIZE) -> np.ndarray:
    """Resize patches by OpenCV's bilinear interpolation, without smoothing, as published.

    Args:
        patches: (N, P, P) uint8 or float
        size: S

    Returns:
        (N, S, S); uint8 stays uint8, which rounds, and float becomes float32

    Raises:
        DataError: values that are not finite
    """
    if patches.dtype != np.uint8:
        patches = np.asarray(patches, np.float32)
        if not np.isfinite(patches).all():
            raise DataError("patches: hold values that are not finite; leave these patches out")
    side = patches.shape[-1]
    if side == size:
        return np.array(patches)
    if side == 2 * size and patches.dtype == np.uint8:  # to which the interpolation comes down, for all at once
        sums = patches.reshape(-1, size, 2, size, 2).sum(axis=(2, 4), dtype=np.uint16)
        return ((sums + 2) >> 2).astype(np.uint8)
    import cv2  # here because planning reads the layouts of datasets and the types of descriptors

    resized = np.empty((len(patches), size, size), patches.dtype)
    for patch, target in zip(patches, resized, strict=True):
        cv2.resize(patch, (size, size), target, interpolation=cv2.INTER_LINEAR)
    return resized


def stacked_patches(patches: np.ndarray) -> np.ndarray:
    """Check an array of patches.

    Args:
        patches: (N, P, P) or (N, 1, P, P) of grey levels, of a number type

    Returns:
        (N, P, P) uint8 or float32

    Raises:
        DataError: another shape or type
    """
    values = patches[:, 0] if patches.ndim == 4 and patches.shape[1] == 1 else patches
    if values.ndim != 3 or values.shape[1] != values.shape[2] or values.dtype.kind not in "uif":
        raise DataError(
            f"patches: {patches.dtype} of the shape {patches.shape}; give grey levels (N, P, P) or (N, 1, P, P)"
        )
    return values if values.dtype == np.uint8 else values.astype(np.float32)
