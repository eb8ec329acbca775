"""Settings that the extractors of dense local features share."""

from collections.abc import Mapping
from typing import Literal, Self, get_args

from pydantic import Field, model_validator

from reprise.extractors.settings import BoxSetting, Checkpoint, ExifSetting, ExtractorSettings, ImageSize

LocalSpace = Literal["backbone", "detector"]
LOCAL_SPACES: tuple[str, ...] = get_args(LocalSpace)


class DenseSettings(ExtractorSettings):
    """Settings of an extractor that ranks the cells of a map; those of a subclass have the published defaults."""

    checkpoints = ("checkpoint", "detector")
    layout = "dense"

    checkpoint: Checkpoint = Field(description="the backbone")
    detector: Checkpoint | None = Field(
        None, description="the attention detector that weighs features; null weighs them by their L2 norm"
    )
    local_space: LocalSpace = Field(
        "backbone",
        description="descriptors are the features of the backbone, or what the detector projects them to",
    )
    image_size: ImageSize | None = Field(
        None, description="pixels of the longer side of the whole image at scale 1; null keeps images as they are"
    )
    num_features: int = Field(700, ge=1, description="the strongest features that are kept over all scales")
    box: BoxSetting = "crop"
    exif: ExifSetting = None

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the descriptors, which is that of the backbone or of the detector."""
        return checkpoint_dims.get(self.checkpoint if self.local_space == "backbone" else self.detector or "")

    @model_validator(mode="after")
    def _detector_of_its_space(self) -> Self:
        if self.local_space == "detector" and self.detector is None:
            raise ValueError("local_space: is 'detector', which needs a detector; name it")
        return self
