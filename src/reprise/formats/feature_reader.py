"""The interface of every file of features, whatever its layout on disk."""

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

    The features are not kept in memory; each method reads what it returns, in place. Opening a merged file checks that
    each of its sources is there, complete, and of the recipe that was merged. Can be pickled: the copy opens the file
    anew.

    Attributes:
        path: the file
        layout: "ragged" (ours) or "dense" (as published with AMES)
        names: the images, in order; None for published files, which have no names
        skipped: the images without features because they could not be decoded
        truncated: the images whose end was missing, and read as grey
        turned: the images that EXIF says are to be rotated, which was ignored
        num_images: number of images
        num_features: dense: K, the rows that are stored of every image, padding included; ragged: the largest number
            of features of an image
        dim: dimensions D of the descriptors, 0 where there are none
        dtype: dtype of the descriptors that :meth:`read` returns, float16 or float32
        packed: the descriptors are binarized (+1 and -1)
        keypoint_convention: "colmap" (:class:`LocalFeatures`), or "published": (y, x), as the extractor defines it
        has_affine: keypoints have affine shapes
        global_dims: kinds of global descriptors and their dimensions
        first_image: the position of the first image in its dataset; 0 except for chunks
    """

    path: Path
    layout: Literal["ragged", "dense"]
    names: list[str] | None
    skipped: list[str]
    truncated: list[str]
    turned: list[str]
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

    def __repr__(self) -> str:
        local = f"{self.dim} dimensions" if self.dim else "no local descriptors"
        kinds = "".join(f", '{kind}' of {dim}" for kind, dim in self.global_dims.items())
        return f"{type(self).__name__}('{self.path}', {self.num_images} images, {local}{kinds})"

    @property
    @abstractmethod
    def offsets(self) -> np.ndarray:
        """(images + 1,) int64: the features of image i are rows offsets[i] to offsets[i + 1], without padding."""

    @abstractmethod
    def read(
        self, images: Iterable[int] | np.ndarray, num_features: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Read the descriptors of images, in any order, strongest first, with the same number of rows for each image.

        Each image is read once and in the order of the file, whatever the order and repetitions in ``images``.

        Args:
            images: (n,) integers
            num_features: number k of rows per image, at most; None for ``self.num_features``

        Returns:
            descriptors (n, k, D) in the type ``dtype``, and counts (n,) int64, the number of valid rows of each image;
            the rows after them are 0

        Raises:
            DataError: images outside of the file, more rows per image than a dense file stores, NaN or infinity
        """

    @abstractmethod
    def read_rows(self, start: int, stop: int, num_features: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Read the strongest descriptors of consecutive images, in the order of the file.

        Args:
            start: the first image
            stop: the image after the last
            num_features: number of descriptors per image, at most; None for all

        Returns:
            descriptors (n, D) float32 and image ids (n,) int64, the positions of the images in the file
        """

    @abstractmethod
    def rows(self, num_features: int | None = None) -> np.ndarray:
        """Find the rows (see ``offsets``) of the strongest ``num_features`` of every image: (n,) int64, ascending."""

    @abstractmethod
    def gather(self, rows: np.ndarray) -> np.ndarray:
        """Read the descriptors of ``rows`` (n,), in any order, in one pass over the file: (n, D) float32."""

    @abstractmethod
    def block(self, start: int, stop: int) -> LocalFeatures:
        """Read all that is stored about consecutive images, one after the other, except global descriptors.

        Args:
            start: the first image
            stop: the image after the last
        """

    @abstractmethod
    def keypoints(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Read the keypoints of consecutive images.

        Args:
            start: the first image
            stop: the image after the last; None for all

        Returns:
            (n, 2) float32, in files of keypoints alone float64; see ``keypoint_convention``
        """

    @abstractmethod
    def scores(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Read the scores of consecutive images.

        Args:
            start: the first image
            stop: the image after the last; None for all

        Returns:
            (n,) float32, larger is stronger
        """

    @abstractmethod
    def scales(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Read the scales of consecutive images.

        Args:
            start: the first image
            stop: the image after the last; None for all

        Returns:
            (n,) float32
        """

    @abstractmethod
    def affine(self, start: int = 0, stop: int | None = None) -> np.ndarray:
        """Read the affine shapes of consecutive images.

        Args:
            start: the first image
            stop: the image after the last; None for all

        Returns:
            (n, 2, 2) float32

        Raises:
            DataError: the file has none
        """

    @abstractmethod
    def close(self) -> None:
        """Close all open files."""

    def counts(self, num_features: int | None = None) -> np.ndarray:
        """Count the features of each image, at most ``num_features``: (images,) int64."""
        counts = np.diff(self.offsets)
        return counts if num_features is None else np.minimum(counts, num_features)

    def is_skipped(self) -> np.ndarray:
        """Tell which images could not be decoded, whose global descriptors stand for nothing: (images,) bool."""
        if not self.skipped:
            return np.zeros(self.num_images, bool)
        return np.isin(self.names or [], self.skipped)

    def features(self, image: int) -> LocalFeatures:
        """Read all that is stored about one image, except global descriptors."""
        image = int(self.check_images([image])[0])
        return self.block(image, image + 1)

    def globals(self, kind: str) -> np.ndarray:
        """Read the global descriptors of one kind, such as ``cls``, of all images: (N, G) float32.

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
            consumer: the subject of the error message
            descriptors: local descriptors of any dimension are needed
            dim: the dimension of the local descriptors that are needed
            names: names of the images are needed
            global_kind: the kind of global descriptors that is needed
            affine: affine shapes of keypoints are needed
            convention: the convention of keypoints that is needed, "colmap" or "published"

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
        """Describe the content of the file, for messages."""
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
        """Return ``images`` as int64 (n,); DataError for images outside of the file, or that are no integers."""
        images = np.asarray(images)
        integers = images.ndim == 1 and (images.dtype.kind in "iu" or not images.size)
        if not integers or (images.size and (images.min() < 0 or images.max() >= self.num_images)):
            raise DataError(f"{self.path}: rows have to be integers from 0 to {self.num_images - 1}, got {images}")
        return images.astype(np.int64)

    def where(self, image: int) -> str:
        """Name the file and one image of it, for messages."""
        return f"{self.path}: image {image}" + (f" ('{self.names[image]}')" if self.names else "")

    def _read_about(self, file: hdf5.CheckedFile) -> None:
        """Set the attributes that are stored in the same way in all layouts."""
        self.names = hdf5.read_names(file, "names") if "names" in file else None
        self.skipped = hdf5.read_names(file, "skipped") if "skipped" in file else []
        self.truncated = hdf5.read_names(file, "truncated") if "truncated" in file else []
        self.turned = hdf5.read_names(file, "turned") if "turned" in file else []
        self.first_image = int(file.attrs.get("first_image", 0))
        self.global_dims = global_dims(file)


def global_dims(file: hdf5.CheckedFile) -> dict[str, int]:
    """Find the kinds of global descriptors in a file, datasets (images, G) of floats, and their dimensions G."""
    found = {key: file[key] for key in file if key not in _LOCAL}
    return {
        key: int(dataset.shape[1])
        for key, dataset in found.items()
        if isinstance(dataset, h5py.Dataset) and dataset.ndim == 2 and dataset.dtype.kind == "f"
    }
