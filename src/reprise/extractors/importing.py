"""Features that were computed elsewhere, checked and written as our own."""

import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from reprise.datasets.images import Dataset, ImageList
from reprise.extractors.files import GLOBAL, is_hdf5
from reprise.extractors.given_arrays import GivenArrays, as_float32, open_given
from reprise.extractors.given_names import located
from reprise.formats.arrays import LocalFeatures
from reprise.storage.errors import DataError


def check_boxes(images: ImageList, box: str | None, where: str) -> None:
    """Refuse queries with boxes where nothing says what the features are of; see ``box`` of the settings.

    Raises:
        DataError: such queries
    """
    boxed = [name for name, given in zip(images.names, images.boxes or [], strict=False) if given is not None]
    if boxed and box is None:
        raise DataError(
            f"{where}.box: {len(boxed)} queries have a box ('{boxed[0]}'); say what their features are of: crop, where "
            "the image was cut to its box first, or ignore (of the whole image), or filter (keypoints in the box)"
        )


def import_images(
    dataset: Dataset,
    split: str,
    rows: slice,
    given: Mapping[str, Any],
    path: str | os.PathLike,
    attributes: Mapping[str, object],
) -> None:
    """Write features that were computed elsewhere as those of some images of a dataset.

    Args:
        dataset: the images
        split: database or queries
        rows: which images of the split
        given: what :meth:`reprise.extractors.files.Settings.of` returns
        path: the file of features
        attributes: HDF5 attributes of the file; ``recipe`` among them

    Raises:
        DataError: an image without features, or with those of two; values that are no floats, or not finite; arrays of
            a shape that does not fit; keypoints outside of the image; naming file and image
    """
    from reprise.formats.feature_writing import feature_writer

    listed = dataset.split(split)
    images = ImageList(listed.names[rows], listed.paths[rows], listed.boxes[rows] if listed.boxes else None)
    check_boxes(images, given.get("box"), "extractor")
    with ExitStack() as stack:
        readers: dict[str, Callable[[int], Any]] = {}
        for kind, root in given["files"].items():
            find = stack.enter_context(open_given(root, "descriptors" if kind == "local" else "global_descriptor"))
            keys = located(root, dataset, split, find.has, kind in given["shared"], rows)
            readers[kind] = _reader(find, keys, images, given, kind)
        first = {kind: read(0) for kind, read in readers.items()}
        writer = stack.enter_context(
            feature_writer(
                path,
                first["local"].descriptors.shape[1] if "local" in first else 0,
                attributes,
                global_dims={GLOBAL: len(first["global"])} if "global" in first else None,
                keypoint_convention="colmap" if is_hdf5(given["files"].get("local", "")) else "none",
            )
        )
        for row, name in enumerate(tqdm(images.names, unit="image", desc=Path(path).name, mininterval=1.0)):
            read = first if row == 0 else {kind: read(row) for kind, read in readers.items()}
            local = read.get("local", _NOTHING)
            vectors = {GLOBAL: read["global"]} if "global" in read else {}
            writer.append(
                name,
                LocalFeatures(
                    local.descriptors, local.scores, local.keypoints, local.scales, global_descriptors=vectors
                ),
            )


_NOTHING = LocalFeatures(*(np.zeros(shape, np.float32) for shape in ((0, 0), 0, (0, 2), 0)))


def _reader(
    source: GivenArrays, keys: list[str], images: ImageList, given: Mapping[str, Any], kind: str
) -> Callable[[int], Any]:
    """Return what reads the features of one kind by the row of their image."""

    def local(row: int) -> LocalFeatures:
        box = images.boxes[row] if images.boxes else None
        found = source.local(keys[row], images.paths[row], box, given)
        dim = found.descriptors.shape[1]
        if given["dim"] not in (None, dim):
            raise DataError(
                f"{source.where(keys[row])}: has descriptors of {dim} dimensions, and dim of the extractor is "
                f"{given['dim']}; correct it, or transpose the arrays"
            )
        return _strongest(found, given["num_features"])

    def vector(row: int) -> np.ndarray:
        where = source.where(keys[row])
        values = source.vector(keys[row])
        if values.ndim != 1 or not values.size:
            raise DataError(f"{where}: the global descriptor has the shape {values.shape}, expected (G,)")
        if not given["normalised"]:
            return as_float32(values, where)
        length = np.linalg.norm(values.astype(np.float64))
        if not length:
            raise DataError(f"{where}: the global descriptor is 0, and has no direction; compute it again")
        return as_float32(values / length, where)

    return local if kind == "local" else vector


def _strongest(features: LocalFeatures, count: int | None) -> LocalFeatures:
    if count is None or len(features) <= count:
        return features
    rows = np.sort(np.argsort(-features.scores, kind="stable")[:count])
    columns = (features.descriptors, features.scores, features.keypoints, features.scales)
    return LocalFeatures(*(values[rows] for values in columns))
