"""R2D2 extractor: multi-scale keypoints that are repeatable and reliable (Revaud, Weinzaepfel et al., NeurIPS 2019)."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
from pydantic import Field

from reprise.extractors.base import ImageExtractor
from reprise.extractors.preparing import Preparation, Preparer
from reprise.extractors.settings import BoxSetting, Checkpoint, ExtractorSettings
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.images.tensors import IMAGENET, to_tensor

if TYPE_CHECKING:
    import torch

Share = Annotated[float, Field(ge=0, le=1)]
# What a bound of a scale may be missed by.
_TOLERANCE = 0.001


class Settings(Preparation, ExtractorSettings):
    """Settings of the R2D2 extractor, with the values of the published program."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network")
    num_features: int | None = Field(5000, ge=1, description="the strongest keypoints that are kept; null keeps all")
    scale_factor: float = Field(2**0.25, gt=1, description="ratio of the sides of two images of the pyramid")
    min_scale: Share = Field(0.0, description="smallest scale of the pyramid")
    max_scale: Share = Field(1.0, description="largest scale at which keypoints are looked for")
    min_size: int = Field(256, ge=1, description="smallest longer side of an image of the pyramid, in pixels")
    max_size: int = Field(1024, ge=1, description="largest longer side at which keypoints are looked for, in pixels")
    reliability: Share = Field(0.7, description="smallest reliability of a keypoint")
    repeatability: Share = Field(0.7, description="smallest repeatability of a keypoint")
    placement: Literal["legacy", "exact"] = Field(
        "legacy",
        description="where keypoints of smaller scales are: as published, where indices of pixels are multiplied by "
        "the ratio of the sizes, or at the centres of their pixels",
    )
    box: BoxSetting = "crop"

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of R2D2."""
        return 128


class Extractor(ImageExtractor):
    """Keypoints of R2D2: maxima of the repeatability, kept by repeatability and reliability, over an image pyramid.

    Each image of the pyramid is resized from the one before, as published.

    Args:
        settings: the settings of the extractor; ``checkpoint`` is a path here
        device: where the network runs

    Raises:
        DataError: a checkpoint that cannot be used
    """

    dim = 128

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        from reprise.networks.r2d2 import R2D2

        self._settings = settings
        self._preparer = Preparer(settings)
        self.exif = self._preparer.exif
        self._device = device
        self._network = R2D2.from_checkpoint(settings.checkpoint).for_inference().to(device)

    def load(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Decode an image to RGB, crop and shrink it, as its preparation says."""
        return self._preparer.for_detector(image, box)

    def features(self, loaded: PreparedImage) -> LocalFeatures:
        """Extract local features, strongest first.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            descriptors (n, 128) float32 of unit norm; keypoints (n, 2) in pixels of the file; scores (n,), reliability
            times repeatability; scales (n,), the factors of the image pyramid
        """
        import torch

        with torch.inference_mode():
            image = to_tensor(loaded.pixels, *IMAGENET).to(self._device)
            found = [self._at_scale(level, factor, image.shape) for level, factor in self._pyramid(image)]
        empty = np.zeros((0, self.dim), np.float32), np.zeros(0, np.float32), np.zeros((0, 2)), np.zeros(0, np.float32)
        descriptors, scores, places, scales = (np.concatenate(parts) for parts in zip(empty, *found, strict=True))
        keypoints = loaded.to_original(places)
        rows = np.flatnonzero(loaded.counts(keypoints))
        rows = rows[np.argsort(-scores[rows], kind="stable")[: self._settings.num_features]]
        return LocalFeatures(descriptors[rows], scores[rows], keypoints[rows], scales[rows])

    def _pyramid(self, image: "torch.Tensor") -> "Iterator[tuple[torch.Tensor, float]]":
        """Resize an image (1, 3, H, W) again and again: those in which keypoints are looked for, and their factors."""
        from torch.nn import functional

        settings, sides = self._settings, image.shape[2:]
        smallest = max(settings.min_scale, settings.min_size / max(sides))
        largest = min(settings.max_scale, settings.max_size / max(sides))
        factor = 1.0
        while factor + _TOLERANCE >= smallest:
            if factor - _TOLERANCE <= largest:
                yield image, factor
            factor /= settings.scale_factor
            size = [round(side * factor) for side in sides]
            if not min(size):
                return
            image = functional.interpolate(image, size=size, mode="bilinear", align_corners=False)

    def _at_scale(
        self, image: "torch.Tensor", factor: float, whole: "torch.Size"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Descriptors, scores, keypoints in pixels of the prepared image, and scales of one image of the pyramid."""
        import torch
        from torch.nn import functional

        descriptors, reliability, repeatability = self._network(image)
        highest = functional.max_pool2d(repeatability, 3, stride=1, padding=1)
        kept = (repeatability == highest) & (repeatability >= self._settings.repeatability)
        y, x = torch.nonzero((kept & (reliability >= self._settings.reliability))[0, 0], as_tuple=True)
        scores = (reliability * repeatability)[0, 0, y, x]
        ratio = np.array([whole[3] / image.shape[3], whole[2] / image.shape[2]])
        cells = torch.stack([x, y], dim=1).cpu().numpy().astype(np.float64)
        places = (cells + 0.5) * ratio if self._settings.placement == "exact" else cells * ratio + 0.5
        vectors = descriptors[0, :, y, x].T
        return (
            vectors.float().cpu().numpy(), scores.float().cpu().numpy(), places,
            np.full(len(places), factor, np.float32),
        )  # fmt: skip


Extractor.Settings = Settings
