"""What every file of features offers, whatever its layout on disk."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, Self

import h5py
import numpy as np

from reprise.formats.arrays import LocalFeatures
from reprise.formats.virtual import Rows
from reprise.storage import hdf5
from reprise.storage.errors import DataError

#: Datasets with two dimensions that are no global descriptors.
_LOCAL = ("features", "descriptors", "keypoints", "locations")


class Features(ABC):
    """A file of features, single or merged, opened for reading by :func:`reprise.formats.features.open_features`.

    Nothing is held of the features themselves; each method reads what is asked for, in place. Opening a merged file
    checks that each of its sources is there, whole, and of the recipe that was merged. Can be pickled: the copy opens
    the file anew.

    Attributes:
        path: the file
        layout: "ragged" (ours) or "dense" (as published with AMES)
        names: the images, in order; None for published files, which have no names
        skipped: the images without features because they could not be decoded
        num_images: how many images
        num_features: dense: K, the rows that are stored of every image, padding included; ragged: the largest number
            of features of an image
        dim: D of the descriptors, 0 where there are none
        dtype: of the descriptors that :meth:`read` returns, float16 or float32
        packed: whether the descriptors are binarized (+1 and -1)
        keypoint_convention: "colmap" (:class:`LocalFeatures`), or "published": (y, x), as the extractor defines it
        has_affine: whether keypoints have affine shapes
        global_dims: kinds of global descriptors and their dimensions
        first_image: the position of the first image in its dataset; 0 but for chunks
    """

    path: Path
    layout: Literal["ragged", "dense"]
    names: list[str] | None
    skipped: list[str]
    num_images: int
    num_features: int
    dim: int
    dtype: np.dtype
    packed = False
    keypoint_convention: str
    has_affine = False
    global_dims: dict[str, int]
    first_image: int

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.path,)

    def __len__(self) -> int:
        return self.num_images

    @property
    @abstractmethod
    def offsets(self) -> np.ndarray:
        """(images + 1,) int64: the features of image i are rows offsets[i] to offsets[i + 1], padding left out."""

    @abstractmethod
    def read(
        self, images: Iterable[int] | np.ndarray, num_features: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """The descriptors of ``images``, in any order, strongest first and as many rows for each image.

        Each image is read once and in the order of the file, however often and wherever it is asked for.

        Args:
            images: (n,) integers
            num_features: k, of each image at most; None for ``self.num_features``

        Returns:
            descriptors (n, k, D) in the type ``dtype``, and counts (n,) int64: how many of the k rows of an image are
            valid; the rows after them are 0

        Raises:
            DataError: images outside of the file, more rows per image than a dense file stores, NaN or infinity
        """

    @abstractmethod
    def read_rows(self, start: int, stop: int, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """The strongest ``num_features`` descriptors of images ``start`` to ``stop``, in the order of the file.

        Returns:
            descriptors (n, D) float32 and image ids (n,) int64, the positions of the images in the file
        """

    @abstractmethod
    def rows(self, num_features: int | None = None) -> np.ndarray:
        """The rows, as ``offsets`` counts them, of the strongest ``num_features`` of every image: int64, ascending."""

    @abstractmethod
    def gather(self, rows: np.ndarray) -> np.ndarray:
        """The descriptors of ``rows`` (any order) as (len(rows), D) float32, read in one pass over the file."""

    @abstractmethod
    def block(self, start: int, stop: int) -> LocalFeatures:
        """All that is stored about images ``start`` to ``stop``, one after the other, but global descriptors."""

    @abstractmethod
    def keypoints(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The keypoints of images ``start`` to ``stop`` (all): (n, 2) float32, see ``keypoint_convention``."""

    @abstractmethod
    def scores(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The scores of images ``start`` to ``stop`` (all): (n,) float32, larger is stronger."""

    @abstractmethod
    def scales(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The scales of images ``start`` to ``stop`` (all): (n,) float32."""

    @abstractmethod
    def affine(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """The affine shapes of images ``start`` to ``stop`` (all): (n, 2, 2) float32. DataError: there are none."""

    @abstractmethod
    def close(self) -> None:
        """Close what is open of the file."""

    def counts(self, num_features: int | None = None) -> np.ndarray:
        """(images,) int64: how many features each image has, at most ``num_features``."""
        counts = np.diff(self.offsets)
        return counts if num_features is None else np.minimum(counts, num_features)

    def features(self, image: int) -> LocalFeatures:
        """All that is stored about one image, but global descriptors."""
        image = int(self.check_images([image])[0])
        return self.block(image, image + 1)

    def globals(self, kind: str) -> np.ndarray:
        """The global descriptors ``kind``, such as ``cls``, of all images: (N, G) float32.

        Raises:
            DataError: there are none of this kind, or NaN or infinity
        """
        self.require("what asks for global descriptors", global_kind=kind, descriptors=False)
        result = Rows(self.path, kind, f"global descriptors '{kind}'").read(0, self.num_images)
        result = result.astype(np.float32, copy=False)
        if len(result) != self.num_images or not np.isfinite(result).all():
            raise DataError(
                f"{self.path}: '{kind}' has {len(result)} rows for {self.num_images} images, or contains NaN or "
                "infinity; extract it again"
            )
        return result

    def require(
        self,
        consumer: str,
        *,
        descriptors: bool = True,
        dim: int | None = None,
        names: bool = False,
        global_kind: str | None = None,
        affine: bool = False,
        convention: str | None = None,
    ) -> None:
        """Check that the file has what ``consumer`` needs.

        Args:
            consumer: who asks, the subject of the error
            descriptors: local descriptors of any dimension; dim: of this one
            names: of the images; global_kind: a kind of global descriptors; affine: shapes of keypoints
            convention: of the keypoints, "colmap" or "published"

        Raises:
            DataError: something is missing; names the file, what it has and what is needed
        """
        needs: Sequence[tuple[bool, str]] = (
            ((descriptors or dim is not None) and not self.dim, "local descriptors"),
            (dim is not None and self.dim != dim, f"local descriptors of {dim} dimensions"),
            (names and self.names is None, "names of the images, which adopting it for a dataset gives"),
            (global_kind is not None and global_kind not in self.global_dims, f"global descriptors '{global_kind}'"),
            (affine and not self.has_affine, "affine shapes of keypoints"),
            (
                convention is not None and self.keypoint_convention != convention,
                f"keypoints in the convention '{convention}'",
            ),
        )
        for missing, needed in needs:
            if missing:
                raise self._lacks(consumer, needed)

    def describe(self) -> str:
        """What is in the file, for messages."""
        local = f"local descriptors of {self.dim} dimensions" if self.dim else "no local descriptors"
        kinds = ", ".join(f"'{kind}' ({dim})" for kind, dim in self.global_dims.items()) or "none"
        return (
            f"{local}, global descriptors: {kinds}, {'no ' if self.names is None else ''}names, "
            f"{'' if self.has_affine else 'no '}affine shapes, keypoints in the convention '{self.keypoint_convention}'"
        )

    def _lacks(self, consumer: str, needed: str) -> DataError:
        return DataError(
            f"{self.path}: {consumer} needs {needed}, and this file has {self.describe()}; choose another "
            "extractor, or extract again with what is needed"
        )

    def check_images(self, images: Iterable[int] | np.ndarray) -> np.ndarray:
        """``images`` as int64 (n,). DataError: other values than integers, or images outside of the file."""
        images = np.asarray(images)
        integers = images.ndim == 1 and (images.dtype.kind in "iu" or not images.size)
        if not integers or (images.size and (images.min() < 0 or images.max() >= self.num_images)):
            raise DataError(f"{self.path}: rows have to be integers from 0 to {self.num_images - 1}, got {images}")
        return images.astype(np.int64)

    def where(self, image: int) -> str:
        """The file and one image of it, for messages."""
        return f"{self.path}: image {image}" + (f" ('{self.names[image]}')" if self.names else "")

    def _read_about(self, file: h5py.File) -> None:
        """Set what stands in the same place in all layouts."""
        self.names = hdf5.read_names(file, "names") if "names" in file else None
        self.skipped = hdf5.read_names(file, "skipped") if "skipped" in file else []
        self.first_image = int(file.attrs.get("first_image", 0))
        self.global_dims = global_dims(file)


def global_dims(file: h5py.File) -> dict[str, int]:
    """The kinds of global descriptors in a file, datasets (images, G) of floats, and their dimensions G."""
    return {
        key: int(dataset.shape[1])
        for key, dataset in file.items()
        if key not in _LOCAL and dataset.ndim == 2 and dataset.dtype.kind == "f"
    }
