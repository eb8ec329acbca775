"""Features in two stages: a detector finds keypoints, and a descriptor describes them.

In the configuration, extractors that name the same entry of ``detectors`` share its keypoints, which are found once.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

import numpy as np
from pydantic import Discriminator, Field, SerializeAsAny, Tag, WithJsonSchema, model_validator

from reprise.descriptors.base import DescriptorSettings
from reprise.descriptors.registry import DESCRIPTORS
from reprise.detectors.base import DetectorSettings
from reprise.detectors.registry import DETECTORS
from reprise.extractors.base import ImageExtractor
from reprise.extractors.detection import Detection, in_prepared
from reprise.extractors.preparing import Preparation, PreparationName, Preparer
from reprise.extractors.settings import ExtractorSettings
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.storage.errors import DataError
from reprise.storage.references import Refers
from reprise.storage.settings import of_type

# Their keys depend on their type, which a schema of one model cannot say.
_ANY = WithJsonSchema({"type": "object", "properties": {"type": {"type": "string"}}})
_NAME_OR_SETTINGS = Discriminator(lambda value: "name" if isinstance(value, str) else "settings")
AnyDetector = Annotated[
    Annotated[str, Refers("detectors"), Tag("name")]
    | Annotated[SerializeAsAny[DetectorSettings], of_type(DETECTORS.settings_of), _ANY, Tag("settings")],
    _NAME_OR_SETTINGS,
]
AnyDescriptor = Annotated[
    Annotated[str, Refers("descriptors"), Tag("name")]
    | Annotated[SerializeAsAny[DescriptorSettings], of_type(DESCRIPTORS.settings_of), _ANY, Tag("settings")],
    _NAME_OR_SETTINGS,
]


class Settings(Preparation, ExtractorSettings):
    """Settings of a detector and a descriptor, one after the other."""

    checkpoints = ("detector.checkpoint", "descriptor.checkpoint")

    detector: AnyDetector = Field(
        {"type": "hessian_affine"},
        validate_default=True,
        description="the name of an entry of detectors, whose keypoints are found once, and which says how images are "
        "prepared, too; or its type and its settings",
    )
    descriptor: AnyDescriptor = Field(
        {"type": "rootsift"},
        validate_default=True,
        description="the name of an entry of descriptors; or its type and its settings",
    )

    descriptor_preparation: PreparationName | None = Field(
        None,
        description="how images are decoded and resized for the descriptor, to the size of the detector's; null gives "
        "it the image of the detector",
    )

    @model_validator(mode="after")
    def _prepared_by_the_detector(self) -> Self:
        given = sorted(Preparation.model_fields.keys() & self.model_fields_set)
        if isinstance(self.detector, str) and given:
            raise ValueError(f"{given[0]}: is a setting of the detector '{self.detector}'; give it in that entry")
        return self

    @classmethod
    def completed(cls, entry: Mapping[str, Any], sections: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
        """See :meth:`ExtractorSettings.completed`."""
        complete = dict(entry)
        if isinstance(entry["descriptor"], str):
            complete["descriptor"] = sections["descriptors"][entry["descriptor"]]
        if isinstance(entry["detector"], str):
            found = sections["detectors"][entry["detector"]]
            complete |= {key: found[key] for key in Preparation.model_fields}
            complete["detector"] = {key: value for key, value in found.items() if key not in Preparation.model_fields}
        return complete

    @classmethod
    def keypoints_of(cls, entry: Mapping[str, Any]) -> str | None:
        """See :meth:`ExtractorSettings.keypoints_of`."""
        return entry["detector"] if isinstance(entry["detector"], str) else None

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the descriptor."""
        return DESCRIPTORS.class_of(self.described_with().type).dim

    def described_by(self) -> tuple[str | None, ...]:
        """See :meth:`ExtractorSettings.described_by`; keypoints of different detectors may be compared."""
        return self.type, self.described_with().type, getattr(self.descriptor, "checkpoint", None)

    def gives(self) -> frozenset[str]:
        """See :meth:`ExtractorSettings.gives`."""
        return super().gives() | {"affine"}

    def detected_with(self) -> DetectorSettings:
        """Return the settings of the detector; DataError for a name, whose settings only the configuration has."""
        if isinstance(self.detector, str):
            raise _a_name("detector")
        return self.detector

    def described_with(self) -> DescriptorSettings:
        """Return the settings of the descriptor; DataError for a name, whose settings only the configuration has."""
        if isinstance(self.descriptor, str):
            raise _a_name("descriptor")
        return self.descriptor


@dataclass(frozen=True)
class LoadedImage:
    """An image that is prepared for a detector and for a descriptor.

    Attributes:
        detected: the image of the detector
        described: that of the descriptor; the same where it has no preparation of its own
    """

    detected: PreparedImage
    described: PreparedImage


class Extractor(ImageExtractor):
    """A detector and a descriptor.

    Args:
        settings: the settings of both, neither of which is a name
        device: where their networks run, if they have any
    """

    affine = True

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        self._settings, self._device = settings, device
        self._detected_with = settings.detected_with()
        self._descriptor = DESCRIPTORS.construct(settings.described_with(), device)
        self._preparer = Preparer(settings, settings.descriptor_preparation)
        self.exif = self._preparer.exif
        self.dim = self._descriptor.dim

    @functools.cached_property  # none is needed where keypoints are described that were found before
    def _detection(self) -> Detection:
        return Detection(self._detected_with, self._settings, self._device)

    def load(self, image: ImageSource, box: Box | None = None) -> LoadedImage:
        """Decode an image, crop and shrink it, as the preparations of the detector and of the descriptor say."""
        described = self.load_described(image, box)
        return LoadedImage(described if self._preparer.same else self._preparer.for_detector(image, box), described)

    def load_described(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Prepare an image for the descriptor alone, whose keypoints were found before."""
        return self._preparer.for_descriptor(image, box)

    def features(self, loaded: LoadedImage) -> LocalFeatures:
        """Extract local features, in the order of the detector.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            descriptors (n, D) float32; keypoints (n, 2), affine (n, 2, 2) and scales (n,), standard deviations, float32
            in pixels of the file; scores (n,) float32
        """
        return self.describe(loaded.described, self._detection.features(loaded.detected))

    def describe(self, loaded: PreparedImage, found: LocalFeatures) -> LocalFeatures:
        """Describe keypoints.

        Args:
            loaded: the image in which they were found, as :meth:`load_described` returned it
            found: the keypoints, as :meth:`reprise.extractors.detection.Detection.features` returned them

        Returns:
            as :meth:`features`
        """
        descriptors = self._descriptor.describe(loaded.pixels, in_prepared(found, loaded))
        keypoints, scales, affine = (
            np.asarray(values, np.float32) for values in (found.keypoints, found.scales, found.affine)
        )
        return LocalFeatures(descriptors, found.scores, keypoints, scales, affine=affine)


Extractor.Settings = Settings


def _a_name(part: str) -> DataError:
    return DataError(
        f"extractor detected.{part}: expected a mapping of keys to values; names of entries are for the configuration"
    )
