"""HOW extractor: multi-scale local descriptors of a trained network (Tolias, Jenicek and Chum, ECCV 2020)."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from pydantic import Field

from reprise.extractors.base import ImageExtractor
from reprise.extractors.settings import BoxSetting, Checkpoint, ExifSetting, ExtractorSettings, ImageSize, Scales
from reprise.formats.arrays import LocalFeatures
from reprise.images.boxes import Box
from reprise.images.prepared import PreparedImage
from reprise.images.sources import ImageSource, name_of
from reprise.images.tensors import to_tensor


class Settings(ExtractorSettings):
    """Settings of the HOW extractor, with the values of the paper."""

    checkpoints = ("checkpoint",)

    checkpoint: Checkpoint = Field(description="the network")
    image_size: ImageSize | None = Field(
        1024, description="pixels of the longer side of the whole image; larger images are shrunk, null keeps them"
    )
    scales: Scales = Field(
        [2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25],
        description="factors of the image pyramid, by which sides are resized",
    )
    num_features: int | None = Field(
        1000, ge=1, description="the strongest features that are kept over all scales; null keeps all"
    )
    box: BoxSetting = "crop"
    exif: ExifSetting = None
    global_descriptor: bool = Field(
        False,
        description="the global descriptor of the same scales is stored as well, as kind `global`; the network runs "
        "twice for it",
    )

    def descriptor_dim(self, checkpoint_dims: Mapping[str, int | None]) -> int | None:
        """Return the dimension of the network's descriptors."""
        return checkpoint_dims.get(self.checkpoint)

    def global_descriptors(self) -> tuple[str, ...]:
        """Return ``global`` where the global descriptor is stored as well."""
        return ("global",) if self.global_descriptor else ()


class Extractor(ImageExtractor):
    """Local features of a HOW network.

    Keypoints are the centres of the cells of its maps: the squares of pixels that the stride of the network covers.

    Args:
        settings: the settings of the extractor; ``checkpoint`` is a path here
        device: where the network runs, such as ``cpu`` or ``cuda``

    Raises:
        DataError: a checkpoint that cannot be used
    """

    def __init__(self, settings: Settings, device: str = "cpu") -> None:
        from reprise.networks.how import HOW

        self._settings = settings
        self._device = device
        self.exif = settings.exif or "ignore"
        self._network = HOW.from_checkpoint(settings.checkpoint).for_inference().to(device)
        self.dim = self._network.dim
        self.global_dims = {"global": self.dim} if settings.global_descriptor else {}

    def load(self, image: ImageSource, box: Box | None = None) -> PreparedImage:
        """Decode, crop and shrink an image; see :func:`reprise.images.prepare_how.prepare`.

        As in the published code, an image of which some scale leaves no pixel is an error.
        """
        from reprise.images.prepare_how import prepare
        from reprise.networks.how_settings import check_scales

        prepared = prepare(image, box, self._settings.image_size, box_use=self._settings.box, orientation=self.exif)
        height, width = prepared.pixels.shape[:2]
        check_scales((width, height), self._settings.scales, f"{name_of(image)}: scales")
        return prepared

    def features(self, loaded: PreparedImage) -> LocalFeatures:
        """Extract local features, strongest first.

        Args:
            loaded: an image as :meth:`load` returned it

        Returns:
            descriptors (n, dim) float32, not normalised, see :meth:`reprise.networks.HOW.forward_local`; keypoints (n,
            2) in pixels of the file; scores (n,) relative to the strongest cell of the image; scales (n,), the factors
            of the image pyramid
        """
        image = to_tensor(loaded.pixels, *self._network.mean_std).to(self._device)
        limit = self._settings.num_features
        features = self._network.forward_local(image, limit if loaded.box is None else None, self._settings.scales)
        features = replace(features, keypoints=loaded.to_original(features.keypoints))
        if loaded.box is not None:
            features = _rows(features, np.flatnonzero(loaded.counts(features.keypoints))[:limit])
        if not self.global_dims:
            return features
        vector = self._network.forward_global(image, self._settings.scales)[0]
        return replace(features, global_descriptors={"global": vector.cpu().numpy()})


Extractor.Settings = Settings


def _rows(features: LocalFeatures, rows: np.ndarray) -> LocalFeatures:
    arrays = (features.descriptors, features.scores, features.keypoints, features.scales)
    return LocalFeatures(*(values[rows] for values in arrays))
