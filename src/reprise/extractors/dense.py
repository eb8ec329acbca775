"""What the extractors of dense local features share: each cell of a map is a feature, and the strongest are kept.

Suma et al., AMES: Asymmetric and memory-efficient similarity estimation for instance-level retrieval, ECCV 2024.
"""

import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch.nn import functional

from reprise.datasets.images import Box
from reprise.extractors.images import to_tensor
from reprise.extractors.opencv import BGR, ScaledImage, load_scaled
from reprise.extractors.parameters import complete, count, scales
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import FeatureWriter, feature_writer
from reprise.networks.attention_detector import AttentionDetector
from reprise.storage.errors import DataError

LOCAL_SPACES = ("backbone", "detector")


@dataclass(frozen=True)
class FeatureMap:
    """What a backbone gives for an image at one scale.

    features   (1, D, h, w), not normalised
    positions  (h * w, 2), row by row
    vectors    global descriptors by kind, (G,), not normalised; where ``global`` is missing, the mean of the weighted
               local features is taken for it
    """

    features: torch.Tensor
    positions: np.ndarray
    vectors: dict[str, torch.Tensor]


class DenseExtractor(ABC):
    """Parameters of all extractors of this kind:

    checkpoint    path of the backbone
    detector      path of the attention detector that weighs the features; None weighs them by their L2 norm
    local_space   'backbone': descriptors are the backbone's features; 'detector': what the detector projects them to
    image_size    longer side in pixels that the whole image has at scale 1; None keeps images as they are
    scales        factors of the image pyramid
    num_features  the strongest features that are kept over all scales

    Attributes: ``dim`` and ``num_features`` of the local features; ``global_dims``, kinds of global descriptors and
    their dimensions. DataError: an unknown or unfit parameter, or a checkpoint or detector that cannot be used.
    """

    name: ClassVar[str]
    default_scales: ClassVar[tuple[float, ...]]
    # A number of pixels of which the sides of each image become multiples; None leaves them.
    multiple: int | None = None
    dim: int
    global_dims: Mapping[str, int]

    def __init__(self, parameters: Mapping[str, Any], device: str = "cpu") -> None:
        defaults: dict[str, Any] = {"checkpoint": ..., "detector": None, "local_space": "backbone", "image_size": None}
        defaults |= {"scales": self.default_scales, "num_features": 700}
        values = complete(self.name, parameters, defaults)
        self._image_size = count(self.name, "image_size", values["image_size"])
        num_features = count(self.name, "num_features", values["num_features"])
        if num_features is None:
            raise DataError(f"extractor {self.name}: num_features is null; give the number of rows per image")
        self.num_features = num_features
        self._scales = scales(self.name, values["scales"])
        self._local_space = _local_space(self.name, values)
        self._settings = {"extractor": self.name, **values}
        self._device = device
        self.open_backbone(values["checkpoint"], device)
        self._detector = _detector(self.name, values["detector"], self.dim, device)

    @abstractmethod
    def open_backbone(self, checkpoint: str | os.PathLike, device: str) -> None:
        """Load the backbone and set ``dim`` and ``global_dims``."""

    @abstractmethod
    def describe(self, image: torch.Tensor, factor: tuple[float, float]) -> FeatureMap:
        """The backbone's output for an image (1, 3, H, W), BGR; ``factor`` as in :class:`ScaledImage`."""

    def load(self, path: Path, box: Box | None) -> list[ScaledImage]:
        """Decode and crop an image, and resize it to each scale. DataError: see :func:`load_scaled`."""
        return load_scaled(path, box, self._image_size, self._scales, self.multiple)

    @torch.inference_mode()
    def extract(self, loaded: list[ScaledImage]) -> LocalFeatures:
        """The strongest local features and the global descriptors.

        Descriptors and global descriptors have unit L2 norm; the latter are averaged over the scales. Features of equal
        weight keep their order: by scale, then row by row. DataError: weights that are not finite.
        """
        maps, candidates, weights = [], [], []
        for scaled in loaded:
            described = self.describe(to_tensor(scaled.pixels, *BGR).to(self._device), scaled.factor)
            projected, weight = self._weigh(described.features)
            if "global" not in described.vectors:
                described.vectors["global"] = (projected * weight).mean(dim=(0, 2, 3))
            chosen = described.features if self._local_space == "backbone" else projected
            maps.append(described)
            candidates.append(chosen.flatten(2)[0].T)
            weights.append(weight.flatten())
        return self._strongest(maps, torch.cat(candidates), torch.cat(weights))

    @contextmanager
    def open_writer(
        self, path: str | os.PathLike, names: list[str], attributes: Mapping[str, object]
    ) -> Iterator[FeatureWriter]:
        """Open a file of dense features for the images ``names``; it appears when the block ends without an error.

        Its attribute ``extractor`` holds the parameters as JSON, so that files of one extractor can be told.
        """
        described = {"extractor": json.dumps(self._settings, sort_keys=True, default=os.fspath), **attributes}
        rows = self.num_features
        with feature_writer(
            path, self.dim, described, layout="dense", names=names, num_features=rows, global_dims=self.global_dims
        ) as writer:
            yield writer

    def _weigh(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """(1, D, h, w) -> features of unit norm in the space of the detector, and their weights (1, 1, h, w)."""
        if self._detector is not None:
            return self._detector(features)
        return functional.normalize(features, dim=1), features.norm(dim=1, keepdim=True)

    def _strongest(self, maps: list[FeatureMap], candidates: torch.Tensor, weights: torch.Tensor) -> LocalFeatures:
        if not torch.isfinite(weights).all():
            raise DataError(f"extractor {self.name}: the weights of features are not finite; check the checkpoint")
        order = torch.sort(weights, descending=True, stable=True).indices[: self.num_features]
        rows = order.cpu().numpy()
        indices = np.repeat(np.arange(len(maps)), [len(described.positions) for described in maps])
        return LocalFeatures(
            functional.normalize(candidates[order], dim=1).cpu().numpy(),
            weights[order].cpu().numpy(),
            np.concatenate([described.positions for described in maps])[rows].astype(np.float32),
            indices[rows].astype(np.float32),
            global_descriptors={
                kind: _average([described.vectors[kind] for described in maps]) for kind in self.global_dims
            },
        )


def _average(vectors: list[torch.Tensor]) -> np.ndarray:
    """The normalised mean of normalised vectors, one for each scale."""
    normalised = functional.normalize(torch.stack(vectors), dim=1)
    return functional.normalize(normalised.mean(dim=0), dim=0).cpu().numpy()


def _local_space(extractor: str, values: Mapping[str, Any]) -> str:
    space = values["local_space"]
    if space not in LOCAL_SPACES:
        raise DataError(f"extractor {extractor}: local_space is {space!r}; choose one of {', '.join(LOCAL_SPACES)}")
    if space == "detector" and values["detector"] is None:
        raise DataError(f"extractor {extractor}: local_space is 'detector', which needs a detector; give its path")
    return space


def _detector(extractor: str, path: Any, dim: int, device: str) -> AttentionDetector | None:
    if path is None:
        return None
    detector = AttentionDetector.from_checkpoint(path)
    if detector.dim != dim:
        raise DataError(
            f"{path}: is a detector for features of {detector.dim} dimensions, and those of the extractor {extractor} "
            f"have {dim}; give the detector that was trained with this checkpoint"
        )
    return detector.for_inference().to(device)
