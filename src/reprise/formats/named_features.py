"""Features of images in several files, by the names of the images."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

import numpy as np

from reprise.formats.feature_reader import Features
from reprise.formats.features import open_features
from reprise.storage.errors import DataError


class NamedFeatures:
    """The features of images in several files, by the names of the images.

    Args:
        files: opened files of features, such as those of the database and of the queries

    Raises:
        DataError: a file without names or descriptors, keypoints in another convention, files of different
            descriptors, or an image in two files
    """

    def __init__(self, files: Sequence[Features]) -> None:
        self._files = files
        self._places: dict[str, tuple[Features, int]] = {}
        for file in files:
            file.require("matching", names=True, convention="colmap", dim=files[0].dim or None)
            for row, name in enumerate(file.names or []):
                if name in self._places:
                    raise DataError(
                        f"{file.path}: '{name}' is an image of {self._places[name][0].path}, too; give each once"
                    )
                self._places[name] = file, row

    def __contains__(self, name: object) -> bool:
        return name in self._places

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def descriptors(self, name: str) -> np.ndarray:
        """Return the descriptors (n, D) of an image, in the order of its keypoints; DataError for an unknown one."""
        file, row = self._place(name)
        return file.features(row).descriptors

    def keypoints(self, name: str) -> np.ndarray:
        """Return the keypoints (n, 2) of an image, in pixels; DataError for an unknown one."""
        file, row = self._place(name)
        return file.keypoints(row, row + 1)

    def nbytes(self, name: str) -> int:
        """Return the size of the descriptors of an image as they are compared, in bytes."""
        file, row = self._place(name)
        return int(file.offsets[row + 1] - file.offsets[row]) * file.dim * 4

    def _place(self, name: str) -> tuple[Features, int]:
        if name not in self._places:
            files = ", ".join(str(file.path) for file in self._files)
            raise DataError(f"{files}: have no image '{name}'; give the features of all images of the pairs")
        return self._places[name]


@contextmanager
def open_named(paths: Sequence[str]) -> Iterator[NamedFeatures]:
    """Open files of features by the names of their images, and close them at the end of the block."""
    with ExitStack() as stack:
        yield NamedFeatures([stack.enter_context(open_features(path)) for path in paths])
