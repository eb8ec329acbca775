"""Features in two steps: a detector finds keypoints, and a descriptor describes them."""

from collections.abc import Mapping
from typing import Annotated

import numpy as np
from pydantic import Field, SerializeAsAny, WithJsonSchema

from reprise.descriptors.base import DescriptorSettings
from reprise.descriptors.registry import descriptor_class, descriptor_of, descriptor_settings
from reprise.detectors.base import DetectorSettings
from reprise.detectors.keypoints import Keypoints
from reprise.detectors.registry import detector_of, detector_settings
from reprise.extractors.base import ImageExtractor
from reprise.extractors.settings import BoxSetting, ExtractorSettings, ImageSize
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.storage.settings import of_type

# Their keys depend on their type, which a schema of one model cannot say.
_ANY = WithJsonSchema({"type": "object", "properties": {"type": {"type": "string"}}})
AnyDetector = Annotated[SerializeAsAny[DetectorSettings], of_type(detector_settings), _ANY]
AnyDescriptor = Annotated[SerializeAsAny[DescriptorSettings], of_type(descriptor_settings), _ANY]


class Settings(ExtractorSettings):
    """Settings of a detector and a descriptor, one after the other."""

    checkpoints = ("descriptor.checkpoint",)

    detector: AnyDetector = Field(
        {"type": "hessian_affine"}, validate_default=True, description="its type, and its settings"
    )
    descriptor: AnyDescriptor = Field(
        {"type": "rootsift"}, validate_default=True, description="its type, and its settings"
    )
    image_size: ImageSize | None = Field(
        None, description="pixels of the longer side of the whole image; larger images are shrunk, null keeps them"
    )
    num_features: int | None = Field(
        None, ge=1, description="the strongest features that are kept, by the scores of the detector; null keeps all"
    )
    box: BoxSetting = "filter"

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the descriptor."""
        return descriptor_class(self.descriptor.type).dim

    def described_by(self) -> tuple[str | None, ...]:
        """See :meth:`ExtractorSettings.described_by`; keypoints of different detectors may be compared."""
        return self.type, self.descriptor.type, getattr(self.descriptor, "checkpoint", None)

    def gives(self) -> frozenset[str]:
        """See :meth:`ExtractorSettings.gives`."""
        return super().gives() | {"affine"}


class Extractor(ImageExtractor):
    """A detector and a descriptor.

    Args:
        settings: the settings of both
        device: where the network of the descriptor runs, if it has one
    """

    affine = True

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        self._settings = settings
        self._detector = detector_of(settings.detector)
        self._descriptor = descriptor_of(settings.descriptor, device)
        self.dim = self._descriptor.dim

    def load(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Decode an image to RGB, crop and shrink it; see :func:`reprise.images.prepare_how.prepare`."""
        from reprise.images.prepare_how import prepare

        return prepare(image, box, self._settings.image_size, box_use=self._settings.box)

    def features(self, loaded: PreparedImage) -> LocalFeatures:
        """Extract local features, in the order of the detector.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            descriptors (n, D) float32; keypoints (n, 2), affine (n, 2, 2) and scales (n,), standard deviations, float32
            in pixels of the file; scores (n,) float32
        """
        found = self._detector.detect(loaded.pixels)
        kept = np.flatnonzero(loaded.counts(loaded.to_original(found.keypoints)))
        found = found.select(
            np.sort(kept[np.argsort(-found.scores[kept], kind="stable")[: self._settings.num_features]])
        )
        descriptors = self._descriptor.describe(loaded.pixels, found)
        return _in_the_file(found, descriptors, loaded)


Extractor.Settings = Settings


def _in_the_file(found: Keypoints, descriptors: np.ndarray, loaded: PreparedImage) -> LocalFeatures:
    """Features of keypoints of a prepared image, in pixels of its file."""
    sizes = np.array(loaded.pixel_size)
    return LocalFeatures(
        descriptors,
        found.scores,
        loaded.to_original(found.keypoints),
        (found.scales * np.sqrt(sizes.prod())).astype(np.float32),
        affine=(sizes[:, None] * found.affine).astype(np.float32),
    )
