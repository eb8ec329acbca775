"""Datasets of patches: what is described of them, by their layouts."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from reprise.datasets.reading import load_layout

#: The kinds of truth of which patches are compared, as layouts name them.
PATCH_TRUTHS = ("pairs of patches", "tasks on patches")


def images_of_patches(description: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    """Iterate over the patches of a dataset that its evaluation needs.

    Args:
        description: as for :func:`reprise.datasets.reading.read_dataset`

    Yields:
        a name, which may have a folder before a slash, and patches (n, P, P) uint8

    Raises:
        DataError: a file that is missing or damaged
    """
    layout: Any = load_layout(description["layout"])
    yield from layout.images_of_patches(description)
