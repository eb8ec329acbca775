"""Base class of the extractors of this package: an image may be given in any form, prepared or not."""

import os
from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np

from reprise.extractors.settings import ExtractorSettings
from reprise.images.boxes import Box
from reprise.images.preparations import Orientation
from reprise.images.sources import ImageSource, name_of
from reprise.storage.errors import DataError


class ImageExtractor(ABC):
    """From an image to its local features, in two steps, the first of which runs in threads ahead of the second.

    A subclass is constructed as ``Extractor(settings, device)``.

    Attributes:
        Settings: the model of its settings
        dim: dimensions D of the local descriptors
        exif: what is done with a file that EXIF says is to be rotated: "apply", "ignore" or "refuse"
    """

    Settings: ClassVar[type[ExtractorSettings]] = ExtractorSettings
    dim: int
    exif: Orientation

    @abstractmethod
    def load(self, image: ImageSource, box: Box | None = None) -> Any:
        """Decode and prepare an image.

        Args:
            image: path of a file, or pixels (H, W, 3) uint8 RGB or (H, W) uint8 grey
            box: (x1, y1, x2, y2) in pixels of a query; None: the whole image

        Returns:
            the prepared image, in the form that :meth:`features` takes

        Raises:
            DataError: an image that cannot be decoded, or a box that does not fit it
        """

    @abstractmethod
    def features(self, loaded: Any) -> Any:
        """Extract the features of an image as :meth:`load` returned it."""

    def extract(self, image: Any, box: Box | None = None) -> Any:
        """Extract the features of an image, prepared or not.

        Args:
            image: what :meth:`load` takes, or what it returned
            box: as for :meth:`load`; only for an image that is not prepared yet

        Returns:
            as :meth:`features`

        Raises:
            DataError: as :meth:`load`, or a box for an image that is already prepared
        """
        if isinstance(image, str | os.PathLike | np.ndarray):
            loaded = self.load(image, box)
            try:
                return self.features(loaded)
            except DataError as error:
                raise DataError(f"{name_of(image)}: {error}") from error
        if box is not None:
            raise DataError("box: the image is already prepared, which used the box; give it to load()")
        return self.features(image)
