"""Arrays of features that were made elsewhere: a folder of NumPy files, or an HDF5 file in the layout of hloc."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from reprise.datasets.images import Box
from reprise.extractors.files import is_hdf5
from reprise.extractors.given_names import NPY, array_names
from reprise.formats.arrays import LocalFeatures
from reprise.storage.errors import DataError


class _Folder:
    """A folder of NumPy files."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.has = array_names(root).__contains__

    def where(self, key: str) -> str:
        return str(Path(self.root) / f"{key}{NPY}")

    def local(self, key: str, image: Path, box: Box | None, given: Mapping[str, Any]) -> LocalFeatures:
        """Descriptors without places, strongest first."""
        from reprise.untrusted.feature_files import read_npy

        values = read_npy(self.where(key))
        if values.ndim != 2:
            raise DataError(f"{self.where(key)}: has the shape {values.shape}, expected (n, D): a row for each feature")
        count = len(values)
        keypoints, scales = np.zeros((count, 2), np.float32), np.ones(count, np.float32)
        return LocalFeatures(as_float32(values, self.where(key)), _by_order(count), keypoints, scales)

    def vector(self, key: str) -> np.ndarray:
        from reprise.untrusted.feature_files import read_npy

        return read_npy(self.where(key))

    def close(self) -> None:
        """Nothing is open."""


class _Groups:
    """An HDF5 file in the layout of hloc.

    Args:
        root: the file
        key: the dataset that each group has to have
    """

    def __init__(self, root: str, key: str) -> None:
        from reprise.untrusted.feature_files import GroupedFeatures

        self.root, self._key, self._file = root, key, GroupedFeatures(root)

    def has(self, name: str) -> bool:
        return self._file.has(name, self._key)

    def where(self, key: str) -> str:
        return f"{self.root}: '{key}'"

    def local(self, key: str, image: Path, box: Box | None, given: Mapping[str, Any]) -> LocalFeatures:
        """Descriptors with keypoints in pixels of the file."""
        where = self.where(key)
        keypoints = self._file.read(key, "keypoints", integers=True).astype(np.float64)
        descriptors = self._file.read(key, "descriptors")
        if keypoints.ndim != 2 or keypoints.shape[1] != 2:
            raise DataError(f"{where}: keypoints have the shape {keypoints.shape}, expected (n, 2): x, y in pixels")
        count = len(keypoints)
        if descriptors.ndim != 2 or descriptors.shape[1] != count:
            raise DataError(
                f"{where}: descriptors have the shape {descriptors.shape} for {count} keypoints; hloc stores (D, n), a "
                "column for each keypoint; transpose them"
            )
        scores = _by_order(count) if given["scores"] == "order" else self._scores(key, count)
        if given["keypoint_convention"] == "opencv":
            from reprise.geometry.conventions import from_opencv

            keypoints = from_opencv(keypoints)
        keypoints, kept = _placed(keypoints, self._size(key), image, box, given.get("box"), where)
        columns = (as_float32(descriptors.T, where), scores, keypoints.astype(np.float32), np.ones(count, np.float32))
        return LocalFeatures(*(np.ascontiguousarray(values[kept]) for values in columns))

    def vector(self, key: str) -> np.ndarray:
        return self._file.read(key, "global_descriptor")

    def _scores(self, key: str, count: int) -> np.ndarray:
        if not self._file.has(key, "scores"):
            raise DataError(
                f"{self.where(key)}: has no 'scores'; set scores: order, if the first rows are the strongest"
            )
        scores = self._file.read(key, "scores")
        if scores.shape != (count,):
            raise DataError(f"{self.where(key)}: scores have the shape {scores.shape} for {count} keypoints")
        return as_float32(scores, self.where(key))

    def _size(self, key: str) -> tuple[int, ...] | None:
        if not self._file.has(key, "image_size"):
            return None
        return tuple(np.rint(self._file.read(key, "image_size", integers=True)).astype(int).ravel().tolist())

    def close(self) -> None:
        self._file.close()


GivenArrays = _Folder | _Groups


@contextmanager
def open_given(root: str, key: str) -> Iterator[GivenArrays]:
    """Open a folder of NumPy files, or an HDF5 file each of whose groups has to have the dataset ``key``."""
    source: GivenArrays = _Groups(root, key) if is_hdf5(root) else _Folder(root)
    try:
        yield source
    finally:
        source.close()


def _placed(
    keypoints: np.ndarray, stated: tuple[int, ...] | None, image: Path, box: Box | None, box_use: str | None, where: str
) -> tuple[np.ndarray, np.ndarray]:
    """Bring keypoints to pixels of the file, and tell which are used.

    Args:
        keypoints: (n, 2) in pixels of the image, or of its crop
        stated: width and height of what they are of, where the file says it
        image: the file
        box: of a query
        box_use: crop, filter or ignore
        where: what errors begin with

    Returns:
        (n, 2) float64 and (n,) bool

    Raises:
        DataError: keypoints outside of the image, or features of an image of another size
    """
    from reprise.images.boxes import inside, whole_box
    from reprise.images.decoding import orientation_of, size_of

    size, corner = size_of(image), (0, 0)
    if box is not None and box_use == "crop":
        x1, y1, x2, y2 = whole_box(box, size, str(image))
        size, corner = (x2 - x1, y2 - y1), (x1, y1)
    if not _fits(keypoints, stated, size):
        turned = not any(corner) and orientation_of(image) in (5, 6, 7, 8)  # as it is shown, and not as it is stored
        if not turned or not _fits(keypoints, stated, size[::-1]):
            found = f"is of {stated[0]} x {stated[1]} pixels" if stated and len(stated) == 2 else "has others"
            raise DataError(
                f"{where}: {image} {'cut to its box ' if any(corner) else ''}has {size[0]} x {size[1]} pixels, and the "
                f"image of these keypoints {found} (they reach to {_reach(keypoints)}); they are features of another "
                "image, or of one that was resized: bring keypoints to pixels of the file"
            )
    placed = keypoints + corner
    kept = inside(placed, box) if box is not None and box_use == "filter" else np.ones(len(placed), bool)
    return placed, kept


def _fits(keypoints: np.ndarray, stated: tuple[int, ...] | None, size: tuple[int, int]) -> bool:
    """Tell whether keypoints are inside an image, as far as float16, in which hloc stores them, can say it."""
    if stated is not None and (len(stated) != 2 or max(abs(stated[0] - size[0]), abs(stated[1] - size[1])) > 1):
        return False
    slack = np.array(size) / 512 + 1
    return bool(((keypoints >= -slack) & (keypoints <= size + slack)).all())


def _reach(keypoints: np.ndarray) -> str:
    return ", ".join(f"{value:.1f}" for value in keypoints.max(axis=0)) if len(keypoints) else "nothing"


def _by_order(count: int) -> np.ndarray:
    """Scores of features that are sorted by their strength."""
    return np.arange(count, 0, -1).astype(np.float32)


def as_float32(values: np.ndarray, where: str) -> np.ndarray:
    """Convert values of any shape to float32; DataError for what becomes infinite by it."""
    with np.errstate(over="ignore"):
        converted = values.astype(np.float32)
    if not np.isfinite(converted).all():
        raise DataError(f"{where}: holds values that are too large for float32; scale them")
    return converted
