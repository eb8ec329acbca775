"""Base class of the extractors of dense local features: each cell of a map is a feature, and the strongest are kept.

Suma et al., AMES: Asymmetric and memory-efficient similarity estimation for instance-level retrieval, ECCV 2024.
"""

import json
import os
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from reprise.extractors.base import ImageExtractor
from reprise.formats.arrays import LocalFeatures
from reprise.formats.feature_writing import FeatureWriter, feature_writer
from reprise.geometry.grids import CellGrid
from reprise.images.boxes import Box
from reprise.images.prepared import ScaledImage
from reprise.images.sources import ImageSource
from reprise.images.tensors import BGR, to_tensor

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True)
class CellFeatures:
    """Local features of one image, strongest first, and its global descriptors.

    Attributes:
        descriptors: (n, D) float32 of unit L2 norm
        scores: (n,) float32, descending: the weights of the detector
        keypoints: (n, 2) float32 x, y in pixels of the file: the centres of the cells
        scales: (n,) float32, factor of the image pyramid
        vectors: global descriptors by kind, (G,) float32 of unit L2 norm
        levels: (n,) int64, the index in ``grids`` of the level that a feature comes from
        grids: where the cells of each level of the pyramid lie in the file
    """

    descriptors: np.ndarray
    scores: np.ndarray
    keypoints: np.ndarray
    scales: np.ndarray
    vectors: Mapping[str, np.ndarray]
    levels: np.ndarray
    grids: tuple[CellGrid, ...]

    def __len__(self) -> int:
        return len(self.descriptors)


class DenseExtractor(ImageExtractor):
    """Extractor of the strongest cells of the feature maps of a backbone.

    Args:
        settings: a :class:`reprise.extractors.dense_settings.DenseSettings` with ``scales``; ``checkpoint`` and
            ``detector`` are paths here
        device: where the network runs, such as ``cpu`` or ``cuda``

    Attributes:
        dim: dimensions D of the local descriptors
        num_features: number of local features that are kept
        global_dims: kinds of global descriptors, and their dimensions

    Raises:
        DataError: a checkpoint or a detector that cannot be used
    """

    # The sides of each image are stretched to multiples of this number of pixels; None leaves them as they are.
    multiple: int | None = None
    # Side of a cell in pixels.
    stride: int
    global_dims: Mapping[str, int]

    def __init__(self, settings: Any, device: str = "cpu") -> None:
        from reprise.extractors.dense_maps import Selection

        self._settings = settings
        self._device = device
        self.exif = settings.exif or "apply"
        self.num_features = settings.num_features
        self.open_backbone(settings.checkpoint, device)
        self._selection = Selection(
            settings.detector,
            dim=self.dim,
            local_space=settings.local_space,
            num_features=settings.num_features,
            device=device,
            where=f"extractor {settings.type}",
        )

    @abstractmethod
    def open_backbone(self, checkpoint: str, device: str) -> None:
        """Load the backbone and set ``dim``, ``stride`` and ``global_dims``.

        Args:
            checkpoint: path of the weights
            device: where the network runs
        """

    @abstractmethod
    def feature_map(self, image: "torch.Tensor") -> "tuple[torch.Tensor, dict[str, torch.Tensor]]":
        """Run the backbone on an image.

        Args:
            image: (1, 3, H, W) float32 BGR, normalised

        Returns:
            a feature map (1, D, h, w) and global descriptors by kind, (G,), neither normalised
        """

    @abstractmethod
    def positions(self, keypoints: np.ndarray, grid: CellGrid) -> np.ndarray:
        """Compute the published positions of keypoints.

        Args:
            keypoints: (n, 2) centres of cells of ``grid``
            grid: where the cells of the map lie in the file

        Returns:
            (n, 2) float32
        """

    def load(self, image: ImageSource, box: Box | None = None) -> list[ScaledImage]:
        """Decode and crop an image, and resize it to each scale; see :func:`reprise.images.prepare_ames.prepare`."""
        from reprise.images.prepare_ames import prepare

        settings = self._settings
        return prepare(
            image,
            box,
            settings.image_size,
            settings.scales,
            self.multiple,
            box_use=settings.box,
            oriented=self.exif == "apply",
        )

    def features(self, loaded: list[ScaledImage]) -> CellFeatures:
        """Extract the strongest local features, and the global descriptors averaged over the scales.

        Features of equal weight keep their order: by scale, then row by row. Where a box filters keypoints, the
        global descriptors are still those of the whole image.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            n features, at most ``num_features``

        Raises:
            DataError: weights that are not finite
        """
        import torch

        with torch.inference_mode():
            maps = [self.feature_map(to_tensor(scaled.pixels, *BGR).to(self._device)) for scaled in loaded]
            shapes = [(features.shape[2], features.shape[3]) for features, _ in maps]
            grids = tuple(
                CellGrid(shape, self.stride, scaled.factor, scaled.offset)
                for shape, scaled in zip(shapes, loaded, strict=True)
            )
            keypoints = np.concatenate([grid.keypoints() for grid in grids])
            meant = None if loaded[0].box is None else loaded[0].counts(keypoints)
            strongest = self._selection.select(maps, self.global_dims, meant)
        levels = np.repeat(np.arange(len(grids)), [rows * columns for rows, columns in shapes])[strongest.rows]
        return CellFeatures(
            strongest.descriptors,
            strongest.weights,
            keypoints[strongest.rows],
            np.array(self._settings.scales, np.float32)[levels],
            strongest.vectors,
            levels,
            grids,
        )

    def published(self, features: CellFeatures) -> LocalFeatures:
        """Convert features to the published form: positions as this extractor defines them, levels as scales."""
        positions = np.zeros((len(features), 2), np.float32)
        for level, grid in enumerate(features.grids):
            rows = features.levels == level
            positions[rows] = self.positions(features.keypoints[rows], grid)
        levels = features.levels.astype(np.float32)
        return LocalFeatures(
            features.descriptors, features.scores, positions, levels, global_descriptors=features.vectors
        )

    @contextmanager
    def open_writer(
        self, path: str | os.PathLike, names: list[str], attributes: Mapping[str, object]
    ) -> Iterator["_PublishedWriter"]:
        """Open a file of the published layout for writing; it appears when the block ends without an error.

        Its attribute ``extractor`` holds the settings as JSON, so that the extractor of a file can be identified.

        Args:
            path: the file
            names: all images, in order
            attributes: HDF5 attributes of the file, such as the recipe
        """
        settings = self._settings.model_dump(exclude={"exif"} if self._settings.exif is None else None)
        described = {"extractor": json.dumps(settings, sort_keys=True), **attributes}
        rows = self.num_features
        with feature_writer(
            path, self.dim, described, layout="dense", names=names, num_features=rows, global_dims=self.global_dims
        ) as writer:
            yield _PublishedWriter(self, writer)


class _PublishedWriter:
    """Writes features of cells in the form of the published files."""

    def __init__(self, extractor: DenseExtractor, writer: FeatureWriter) -> None:
        self._extractor = extractor
        self._writer = writer

    def append(self, name: str, features: CellFeatures) -> None:
        self._writer.append(name, self._extractor.published(features))

    def skip(self, name: str) -> None:
        self._writer.skip(name)

    def note_truncated(self, name: str) -> None:
        self._writer.note_truncated(name)

    def note_turned(self, name: str) -> None:
        self._writer.note_turned(name)
