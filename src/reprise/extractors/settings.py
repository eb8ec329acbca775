"""Settings that all extractors have in common."""

import os
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from reprise.images.boxes import BoxUse
from reprise.storage.references import Refers
from reprise.storage.settings import Settings

# Programs may give a path for a name of a checkpoint, and a tuple for a list.
Checkpoint = Annotated[
    str,
    BeforeValidator(lambda value: os.fspath(value) if isinstance(value, os.PathLike) else value),
    Refers("checkpoints", files=True),
]
ImageSize = Annotated[int, Field(ge=32)]
Scales = Annotated[
    list[Annotated[float, Field(gt=0)]],
    Field(min_length=1),
    BeforeValidator(lambda value: list(value) if isinstance(value, tuple) else value),
]
#: What is done with an image that EXIF says is to be rotated.
Exif = Literal["apply", "ignore"]
ExifSetting = Annotated[
    Exif | None,
    Field(
        description="what is done with a file that EXIF says is to be rotated: 'apply' rotates it, and boxes and "
        "keypoints are those of the rotated image, 'ignore' reads it as it is stored; null is `exif` of the whole "
        "configuration, or as published: rootsift and how ignore it, dinov2 and cvnet apply it"
    ),
]
BoxSetting = Annotated[
    BoxUse,
    Field(
        description="what the box of a query does: 'crop' cuts the image, 'filter' keeps the image whole and takes the "
        "strongest features whose keypoints lie inside"
    ),
]


class ExtractorSettings(Settings):
    """The entry of an extractor.

    Attributes:
        checkpoints: keys that name the weights of networks; of a part of the settings, which may have none, with the
            key of the part: ``descriptor.checkpoint``
        layout: how its features are stored: ``ragged``, or ``dense`` as the AMES authors publish theirs
    """

    checkpoints: ClassVar[tuple[str, ...]] = ()
    layout: ClassVar[str] = "ragged"

    type: str = Field(description="the module of reprise.extractors, or package.module:Class")

    @classmethod
    def completed(cls, entry: Mapping[str, Any], sections: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
        """Return the values of an entry with those of other entries in place of their names, if it names any.

        Args:
            entry: its values
            sections: section -> name -> values of the entry

        Raises:
            KeyError: there is no entry of such a name
        """
        return entry

    @classmethod
    def keypoints_of(cls, entry: Mapping[str, Any]) -> str | None:
        """Return the entry of ``detectors`` whose keypoints an extractor with these values describes, if any."""
        return None

    def weights(self) -> list[str | None]:
        """Return the names, or files, of its networks."""
        return [name for _, _, name in self.networks()]

    def networks(self) -> Iterator[tuple[str, str, str | None]]:
        """Iterate over its networks: the key, the type of the settings that it belongs to, the name, or file."""
        for key in self.checkpoints:
            *parts, last = key.split(".")
            settings: Any = self
            for part in parts:
                settings = getattr(settings, part)
            yield key, settings.type, getattr(settings, last, None)

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of its local descriptors; None where only the files of its networks say it.

        Args:
            checkpoint_dims: the output dimension of each of its networks, by name; None where it is not known
        """
        return None

    def described_by(self) -> tuple[str | None, ...]:
        """Return what makes its descriptors; only those of the same may be compared."""
        return self.type, getattr(self, "checkpoint", None)

    def gives(self) -> frozenset[str]:
        """What its local features have, of descriptors, scores, keypoints (in pixels of the image), scales, affine."""
        own = {"keypoints", "scales"} if self.layout == "ragged" else set()
        return frozenset({"descriptors", "scores", *own})

    def global_descriptors(self) -> tuple[str, ...]:
        """Return the kinds of global descriptors that are stored beside local features."""
        return ()

    def provides(self, dataset: str, split: str) -> bool:
        """Tell whether there are features of a split of a dataset; only those that are not extracted may lack some."""
        return True
