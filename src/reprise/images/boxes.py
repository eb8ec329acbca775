"""The box of a query: how it is rounded to pixels, and which keypoints lie inside.

A box is (x1, y1, x2, y2) in pixels of the image as it was decoded. As a crop it ends before the pixels x2 and y2, so
that a box of whole numbers covers the same area when keypoints are compared with it, whose first pixel is centred at
0.5.
"""

import math
from collections.abc import Callable
from typing import Literal, TypeAlias

import numpy as np

from reprise.storage.errors import DataError

Box: TypeAlias = tuple[float, float, float, float]
BoxUse: TypeAlias = Literal["crop", "filter"]


def box_numbers(box: Box, where: str) -> tuple[float, float, float, float]:
    """Return the four numbers of a box as floats.

    Args:
        box: (x1, y1, x2, y2)
        where: the name of the image, for messages

    Raises:
        DataError: not four finite numbers
    """
    values = [float(value) for value in box]
    if len(values) != 4 or not all(map(math.isfinite, values)):
        raise DataError(f"{where}: the box is {box}, not four finite numbers x1, y1, x2, y2; correct the ground truth")
    return values[0], values[1], values[2], values[3]


def whole_box(
    box: Box, size: tuple[int, int], where: str, whole: Callable[[float], int] = round
) -> tuple[int, int, int, int]:
    """Round a box to whole pixels; it may reach beyond the image but overlaps it.

    Args:
        box: (x1, y1, x2, y2) in pixels
        size: (width, height) of the image in pixels
        where: what an error begins with
        whole: makes a number whole: ``round`` (half to even) or ``int`` (truncation)

    Returns:
        (x1, y1, x2, y2) in whole pixels

    Raises:
        DataError: not four finite numbers, or a box without a pixel of the image
    """
    x1, y1, x2, y2 = map(whole, box_numbers(box, where))
    if x1 >= x2 or y1 >= y2 or x1 >= size[0] or y1 >= size[1] or x2 <= 0 or y2 <= 0:
        raise DataError(
            f"{where}: the box {box} holds no pixel of the image of {size[0]} x {size[1]}; "
            "boxes are x1, y1, x2, y2 in pixels, correct the ground truth"
        )
    return x1, y1, x2, y2


def inside(keypoints: np.ndarray, box: Box) -> np.ndarray:
    """Tell which keypoints lie in a box, its edges included.

    Args:
        keypoints: (N, 2) x, y in pixels, the centre of the first pixel at (0.5, 0.5)
        box: (x1, y1, x2, y2) in pixels

    Returns:
        (N,) bool
    """
    x, y = keypoints[:, 0], keypoints[:, 1]
    x1, y1, x2, y2 = box
    return (x1 <= x) & (x <= x2) & (y1 <= y) & (y <= y2)
