"""Files of aggregated descriptors as sets of postings, read one at a time."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import overload

from reprise.asmk.postings import Aggregated
from reprise.formats.aggregated import read_aggregated, read_extent
from reprise.storage.errors import DataError


class AggregatedFiles(Sequence[Aggregated]):
    """Sets of postings in files of reprise.formats.aggregated that follow each other without a gap.

    A file is read whenever its set is requested, and not kept in memory.

    Args:
        paths: the files, in the order of their images

    Attributes:
        n_words: the size of the codebook
        n_images: the number of images, those without descriptors included

    Raises:
        DataError: files that do not follow each other from image 0 on, or made with codebooks of different sizes
    """

    def __init__(self, paths: Sequence[str | os.PathLike]):
        self.paths = [Path(path) for path in paths]
        if not self.paths:
            raise DataError("paths: no files of aggregated descriptors given; give at least one")
        self.n_images = 0
        self.n_words = read_extent(self.paths[0])[1]
        for path in self.paths:
            (first, last), n_words = read_extent(path)
            if first != self.n_images:
                raise DataError(
                    f"{path}: starts at image {first}, expected {self.n_images}; the files were made for different "
                    "numbers of images, delete their folder and run again"
                )
            if n_words != self.n_words:
                raise DataError(
                    f"{path}: made with a codebook of {n_words} words, {self.paths[0]} with one of {self.n_words}; "
                    "delete the older one and run again"
                )
            self.n_images = last

    def __len__(self) -> int:
        return len(self.paths)

    @overload
    def __getitem__(self, index: int) -> Aggregated: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Aggregated]: ...
    def __getitem__(self, index: int | slice) -> Aggregated | Sequence[Aggregated]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        stored = read_aggregated(self.paths[index])
        return Aggregated(stored.vectors, stored.words, stored.image_ids)
