"""The HOW extractor: multi-scale local descriptors of a trained network (Tolias, Jenicek and Chum, ECCV 2020)."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from reprise.datasets.images import Box
from reprise.extractors.images import LoadedImage, load_image, to_tensor
from reprise.extractors.parameters import complete, count, flag, scales
from reprise.formats.arrays import LocalFeatures
from reprise.networks.how import HOW
from reprise.networks.how_settings import SCALES


class Extractor:
    """Parameters, with the values of the paper:

    checkpoint    path of the network
    image_size    1024: longer side in pixels of the whole image; None keeps images as they are
    scales        2.0, 1.414, 1.0, 0.707, 0.5, 0.353, 0.25: factors of the image pyramid
    num_features  1000: the strongest features that are kept over all scales; None keeps all
    global        false: whether the global descriptor of the same scales is stored as well, as kind ``global``;
                  the network runs twice for it

    DataError: an unknown or unfit parameter, or a checkpoint that cannot be used.
    """

    def __init__(self, parameters: Mapping[str, Any], device: str = "cpu") -> None:
        defaults = {"checkpoint": ..., "image_size": 1024, "scales": SCALES, "num_features": 1000, "global": False}
        values = complete("how", parameters, defaults)
        self._image_size = count("how", "image_size", values["image_size"])
        self._num_features = count("how", "num_features", values["num_features"])
        self._scales = scales("how", values["scales"])
        self._device = device
        self._network = HOW.from_checkpoint(values["checkpoint"]).for_inference().to(device)
        self.dim = self._network.dim
        self._global = flag("how", "global", values["global"])
        self.global_dims = {"global": self.dim} if self._global else {}

    def load(self, path: Path, box: Box | None) -> LoadedImage:
        """Decode, crop and shrink an image. DataError: see :func:`reprise.extractors.images.load_image`."""
        return load_image(path, box, self._image_size)

    def extract(self, loaded: LoadedImage) -> LocalFeatures:
        """The local features; descriptors (n, dim) are not normalised, see :meth:`HOW.forward_local`."""
        image = to_tensor(loaded.pixels, *self._network.mean_std).to(self._device)
        features = self._network.forward_local(image, self._num_features, self._scales)
        features = replace(features, keypoints=loaded.to_original(features.keypoints))
        if not self._global:
            return features
        with torch.inference_mode():
            vector = self._network.forward_global(image, self._scales)[0]
        return replace(features, global_descriptors={"global": vector.cpu().numpy()})
