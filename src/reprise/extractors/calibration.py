"""Calibration: the settings that published features were made with, found by extracting a few images with each.

The published AMES descriptors do not say whether they are those of the backbone or of the detector, nor to what size
the images were resized; both change the result by several points of mAP.
"""

import itertools
import os
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from typing import Any

import numpy as np

from reprise.datasets.images import ImageList
from reprise.extractors.dense_settings import LOCAL_SPACES
from reprise.extractors.registry import load_extractor
from reprise.formats.arrays import LocalFeatures
from reprise.formats.features import Features
from reprise.geometry.grids import patch_grid
from reprise.storage.atomic import write_text
from reprise.storage.errors import DataError

# A row is shared if the other file has a row with this cosine at least.
_SAME = 0.99
_LEAST_COSINE = 0.999
_LEAST_SHARED = 0.98


@dataclass(frozen=True)
class Agreement:
    """The agreement of own features with published ones under one combination of settings.

    Attributes:
        local_space: the descriptors that were tried, of the backbone or of the detector
        image_size: the longer side in pixels that was tried
        cosine: mean cosine of the shared rows with their counterparts, 0 without any
        shared: share of the rows that are in both files, of the published or of the own ones, whichever is smaller
        same_grid: whether the positions belong to the same grid of patches; None where they belong to none
        holds: cosine >= 0.999 and shared >= 0.98
    """

    local_space: str
    image_size: int | None
    cosine: float
    shared: float
    same_grid: bool | None
    holds: bool


def calibrate(
    extractor: str,
    parameters: Mapping[str, Any],
    images: ImageList,
    published: Features,
    rows: Sequence[int],
    *,
    image_sizes: Sequence[int | None] = (None, 770),
    local_spaces: Sequence[str] = LOCAL_SPACES,
    device: str = "cpu",
) -> list[Agreement]:
    """Compare rows of ``images`` with the rows ``rows`` of ``published`` under every combination of settings.

    Args:
        extractor: its type, as for :func:`reprise.extractors.load_extractor`
        parameters: its settings; local_space and image_size are replaced, and as many features are extracted as
            ``published`` stores
        images: the images, with their boxes
        published: the published features
        rows: of each image in ``published``
        image_sizes: longer sides in pixels that are tried; None keeps images as they are
        local_spaces: what descriptors are, see :class:`reprise.extractors.dense_settings.DenseSettings`
        device: where the networks run

    Returns:
        one :class:`Agreement` for each combination, the best first

    Raises:
        DataError: none holds, with all of them in the message; or ``published`` does not fit the extractor
    """
    if len(rows) != len(images) or not len(images):
        raise DataError(f"{published.path}: {len(rows)} rows for {len(images)} images; give the row of each image")
    expected = [published.features(row) for row in rows]
    agreements = []
    for local_space, image_size in itertools.product(local_spaces, image_sizes):
        changed = {"local_space": local_space, "image_size": image_size, "num_features": published.num_features}
        loaded: Any = load_extractor(extractor, device=device, **{**parameters, **changed})
        if loaded.dim != published.dim:
            raise DataError(
                f"{published.path}: holds descriptors of {published.dim} dimensions, and those of the extractor "
                f"{extractor} with {parameters['checkpoint']} have {loaded.dim}; give the checkpoint that belongs to it"
            )
        boxes = images.boxes or [None] * len(images)
        own = [loaded.published(loaded.extract(path, box)) for path, box in zip(images.paths, boxes, strict=True)]
        agreements.append(_agreement(local_space, image_size, own, expected))
    agreements.sort(key=lambda agreement: (agreement.holds, agreement.shared, agreement.cosine), reverse=True)
    if not agreements[0].holds:
        raise DataError(
            f"{published.path}: was made with none of these settings of the extractor {extractor}; check the "
            f"checkpoint, the detector, the images and their boxes, or try other image sizes:\n{table(agreements)}"
        )
    return agreements


def table(agreements: Sequence[Agreement]) -> str:
    """Format the agreements as CSV."""
    lines = [",".join(field.name for field in fields(Agreement))]
    for agreement in agreements:
        values = (f"{value:.6f}" if isinstance(value, float) else str(value) for value in astuple(agreement))
        lines.append(",".join(values))
    return "\n".join(lines) + "\n"


def write_table(path: str | os.PathLike, agreements: Sequence[Agreement]) -> None:
    """Write the agreements as CSV, atomically."""
    write_text(path, table(agreements))


def _agreement(
    local_space: str, image_size: int | None, own: Sequence[LocalFeatures], published: Sequence[LocalFeatures]
) -> Agreement:
    pairs = list(zip(own, published, strict=True))
    forth = np.concatenate([_best(theirs, ours) for ours, theirs in pairs])
    back = np.concatenate([_best(ours, theirs) for ours, theirs in pairs])
    same = forth[forth >= _SAME]
    cosine = float(same.mean()) if len(same) else 0.0
    shared = float(min((forth >= _SAME).mean(), (back >= _SAME).mean())) if len(forth) else 0.0
    grids = [(patch_grid(ours.keypoints), patch_grid(theirs.keypoints)) for ours, theirs in pairs]
    known = all(grid is not None for pair in grids for grid in pair)
    same_grid = all(ours == theirs for ours, theirs in grids) if known else None
    holds = cosine >= _LEAST_COSINE and shared >= _LEAST_SHARED
    return Agreement(local_space, image_size, cosine, shared, same_grid, holds)


def _best(features: LocalFeatures, others: LocalFeatures) -> np.ndarray:
    """Compute for each row of ``features`` its largest cosine with a row of ``others``: (n,), -1 without any."""
    return (_unit(features.descriptors) @ _unit(others.descriptors).T).max(axis=1, initial=-1)


def _unit(descriptors: np.ndarray) -> np.ndarray:
    return descriptors / np.linalg.norm(descriptors, axis=1, keepdims=True)
