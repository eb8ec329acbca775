"""The augmentation that the published code offers and no published number was made with: small turns, and crops.

Patches are turned, cropped and resized by Pillow, with 8 bits after each step, as torchvision does it for images.
"""

import math

import numpy as np
from PIL import Image

from reprise.images.patch_resizing import PATCH_SIZE

_DEGREES = 5.0
_AREA = (0.9, 1.0)  # of a crop, as a share of the patch
_RATIO = (0.9, 1.1)  # width to height of a crop
_TRIES = 10  # after which the whole patch is taken


def augmented(patches: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Turn each patch by up to 5 degrees either way, and cut out at least 0.9 of its area; each by draws of its own.

    Args:
        patches: (n, P, P) uint8
        random: what is drawn from

    Returns:
        (n, 32, 32) uint8
    """
    angles = random.uniform(-_DEGREES, _DEGREES, len(patches))
    boxes = _crops(len(patches), patches.shape[-1], random)
    changed = np.empty((len(patches), PATCH_SIZE, PATCH_SIZE), np.uint8)
    for target, patch, angle, box in zip(changed, patches, angles, boxes.tolist(), strict=True):
        turned = Image.fromarray(patch).rotate(angle, Image.Resampling.BILINEAR)
        target[:] = _resized(turned.crop(box))
    return changed


def shrunk(patches: np.ndarray) -> np.ndarray:
    """Resize patches as the published code does for tests of a network that is trained with this augmentation.

    Args:
        patches: (n, P, P) uint8

    Returns:
        (n, 32, 32) uint8, averaged over more pixels than by :func:`reprise.images.patch_resizing.resize_patches`
    """
    resized = np.empty((len(patches), PATCH_SIZE, PATCH_SIZE), np.uint8)
    for target, patch in zip(resized, patches, strict=True):
        target[:] = _resized(Image.fromarray(patch))
    return resized


def _resized(image: Image.Image) -> np.ndarray:
    return np.asarray(image.resize((PATCH_SIZE, PATCH_SIZE), Image.Resampling.BILINEAR))


def _crops(count: int, side: int, random: np.random.Generator) -> np.ndarray:
    """Draw crops, (count, 4): left, upper, right, lower. Of several shapes, the first that fits into a patch."""
    area = side * side * random.uniform(*_AREA, (count, _TRIES))
    ratio = np.exp(random.uniform(math.log(_RATIO[0]), math.log(_RATIO[1]), (count, _TRIES)))
    sizes = np.stack([np.sqrt(area * ratio), np.sqrt(area / ratio)], axis=2).round().astype(np.int64)
    fits = sizes.max(axis=2) <= side
    chosen = sizes[np.arange(count), fits.argmax(axis=1)]
    chosen[~fits.any(axis=1)] = side
    corners = random.integers(0, side - chosen + 1)
    return np.concatenate([corners, corners + chosen], axis=1)
