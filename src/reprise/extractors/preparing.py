"""How images are prepared for detectors and for the descriptors of their keypoints, which may be in different ways."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from reprise.extractors.settings import BoxSetting, ImageSize
from reprise.images.boxes import Box
from reprise.images.preparations import Orientation, check_single, load_preparation, published_orientation
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource
from reprise.storage.errors import DataError
from reprise.storage.settings import Count, Settings


def _known(name: str) -> str:
    try:
        return check_single(name)
    except DataError as error:
        raise ValueError(str(error).removeprefix("preparations: ")) from error


PreparationName = Annotated[str, AfterValidator(_known)]
ForcedSize = Annotated[
    list[Count],
    Field(min_length=2, max_length=2),
    BeforeValidator(lambda value: list(value) if isinstance(value, tuple) else value),
]
ExifSetting = Annotated[
    Orientation | None,
    Field(
        description="what is done with a file that EXIF says is to be rotated: 'refuse' it, 'ignore' that, or 'apply' "
        "it; null is `exif` of the whole configuration, or as published, and refuses it where the image of the "
        "detector would be rotated and that of the descriptor not"
    ),
]
ForcedSizeSetting = Annotated[
    ForcedSize | None,
    Field(
        description="[width, height] in pixels to which whole images are resized first, whatever their shape; null "
        "leaves them as they are"
    ),
]


class Preparation(Settings):
    """How images are prepared for a detector, and which of its keypoints are kept."""

    preparation: PreparationName = Field("how", description="how images are decoded and resized: a preparation")
    image_size: ImageSize | None = Field(
        None, description="pixels of the longer side of the whole image; larger images are shrunk, null keeps them"
    )
    forced_size: ForcedSizeSetting = None
    exif: ExifSetting = None
    num_features: int | None = Field(
        None, ge=1, description="the strongest features that are kept, by the scores of the detector; null keeps all"
    )
    box: BoxSetting = "filter"

    @model_validator(mode="before")
    @classmethod
    def _former_name(cls, content: Any) -> Any:
        """Take ``orientation`` for ``exif``, as recipes have it, and configurations had it."""
        if isinstance(content, Mapping) and "orientation" in content:
            return {"exif" if key == "orientation" else key: value for key, value in content.items()}
        return content


class Preparer:
    """Prepares images for a detector, or for a descriptor of its keypoints.

    Args:
        settings: how images are prepared for the detector
        described: the preparation for the descriptor; None where it sees the same image as the detector

    Attributes:
        same: whether both see the same image
        exif: what is done with a file that EXIF says is to be rotated
    """

    def __init__(self, settings: Preparation, described: str | None = None) -> None:
        self._settings = settings
        self._described = settings.preparation if described is None else described
        self.same = self._described == settings.preparation
        ways = {published_orientation(name) for name in (settings.preparation, self._described)}
        self.exif = settings.exif or (ways.pop() if len(ways) == 1 else "refuse")

    def for_detector(self, image: ImageSource, box: Box | None) -> PreparedImage:
        """Prepare an image for the detector; see the module of the preparation."""
        return self._prepared(self._settings.preparation, image, box)

    def for_descriptor(self, image: ImageSource, box: Box | None) -> PreparedImage:
        """Prepare an image for the descriptor; see the module of the preparation."""
        return self._prepared(self._described, image, box)

    def _prepared(self, name: str, image: ImageSource, box: Box | None) -> PreparedImage:
        settings = self._settings
        forced_size = None if settings.forced_size is None else tuple(settings.forced_size)
        prepared: PreparedImage = load_preparation(name)(
            image,
            box,
            settings.image_size,
            box_use=settings.box,
            forced_size=forced_size,
            orientation=self.exif,
        )
        return prepared
