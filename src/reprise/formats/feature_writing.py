"""Writing of files of features, in either of the layouts that this project writes."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Literal, Protocol

from reprise.formats.arrays import LocalFeatures
from reprise.formats.dense_writing import DenseWriter
from reprise.formats.ragged_writing import RaggedWriter
from reprise.storage import hdf5
from reprise.storage.errors import DataError

#: Names that no kind of global descriptor may have, because other datasets of the file have them.
_RESERVED = (
    "features", "descriptors", "keypoints", "locations", "scores", "strengths", "scales", "affine", "offsets",
    "names", "skipped", "truncated", "turned", "chunks", "chunk_rows", "chunk_recipes",
    "checksums",
)  # fmt: skip


class FeatureWriter(Protocol):
    """An open file to which images are added one by one."""

    def append(self, name: str, features: LocalFeatures) -> None:
        """Add an image.

        Args:
            name: the name of the image
            features: its features
        """

    def skip(self, name: str) -> None:
        """Add the image ``name``, which could not be decoded, without features."""

    def note_truncated(self, name: str) -> None:
        """Note that the end of the image ``name`` was missing, and read as grey."""

    def note_turned(self, name: str) -> None:
        """Note that EXIF says that the image ``name`` is to be rotated, which was ignored."""


@contextmanager
def feature_writer(
    path: str | os.PathLike,
    dim: int,
    attributes: Mapping[str, object],
    *,
    layout: Literal["ragged", "dense"] = "ragged",
    names: Sequence[str] | None = None,
    num_features: int | None = None,
    global_dims: Mapping[str, int] | None = None,
    affine: bool = False,
    descriptor_type: Literal["f2", "f4"] = "f4",
    keypoint_type: Literal["f4", "f8"] = "f4",
    keypoint_convention: Literal["colmap", "none"] = "colmap",
) -> Iterator[FeatureWriter]:
    """Open a file of features for writing; it appears at ``path`` when the block ends without an error.

    Args:
        path: the file
        dim: dimensions D of the descriptors; 0 for a ragged file of keypoints alone
        attributes: HDF5 attributes of the file: recipe, extractor, first_image
        layout: "ragged", or "dense", the published layout of AMES, compound with float16
        names: names of all images, in order; dense files need them, ragged ones take them from ``append``
        num_features: number K of rows per image of a dense file
        global_dims: kind of global descriptor (a dataset of the file, such as ``cls``) -> its dimension
        affine: keypoints of a ragged file have affine shapes
        descriptor_type: type of the descriptors of a ragged file, float16 ("f2") or float32 ("f4")
        keypoint_type: type of the keypoints, scales and affine shapes of a ragged file: float32 ("f4"), or float64
            ("f8") for keypoints that are still to be described
        keypoint_convention: of a ragged file: "none" for features that are nowhere in the image, whose keypoints are
            zeros that nothing may use

    Yields:
        the writer

    Raises:
        DataError: a layout lacks an argument that it needs, or has one that it cannot store
    """
    vectors = global_dims or {}
    _check(path, vectors, layout, dense=(names is not None and num_features is not None and dim > 0), affine=affine)
    with hdf5.create(path, attributes) as file:
        writer: DenseWriter | RaggedWriter
        if layout == "dense":
            writer = DenseWriter(file, names or [], num_features or 0, dim, vectors)
        else:
            file.attrs["keypoint_convention"] = keypoint_convention
            writer = RaggedWriter(
                file, dim, vectors, affine=affine, descriptor_type=descriptor_type, keypoint_type=keypoint_type
            )
        yield writer
        writer.finish()


def _check(path: str | os.PathLike, kinds: Mapping[str, int], layout: str, *, dense: bool, affine: bool) -> None:
    if layout not in ("ragged", "dense"):
        raise DataError(f"{path}: layout is {layout!r}; expected 'ragged' or 'dense'")
    if layout == "dense" and (not dense or affine):
        raise DataError(
            f"{path}: the dense layout needs names, num_features and dim, and holds no affine shapes; give them, or "
            "write a ragged file"
        )
    for kind in kinds:
        if kind in _RESERVED:
            raise DataError(f"{path}: a global descriptor cannot be called '{kind}', a dataset of the file is")
